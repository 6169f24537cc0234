"""What every order is."""

from abc import ABC, abstractmethod

from jaxtyping import Int, UInt8
from torch import Generator, Tensor

UNKNOWN = 255  # in place of a share: no routing of this sample has been seen


class Order(ABC):
    """Arranges the samples of an epoch.

    A pure function: the same arguments give the same order, on every rank and after a restart.
    """

    needs_difficulty = False
    """Whether it looks at the shares."""

    @property
    def paced(self) -> bool:
        """Whether an epoch may leave samples out."""
        return False

    @abstractmethod
    def arrange(
        self,
        lengths: Int[Tensor, " samples"],
        shares: UInt8[Tensor, "samples layers"],
        epoch: int,
        generator: Generator,
    ) -> Int[Tensor, " opened"]:
        """Sample numbers in their order, each once; all of them, or those that the epoch opens.

        `lengths` are tokens; `shares` the part of a sample's tokens that used two experts in each layer, in steps
        of 1/254, or `UNKNOWN`; there may be no layer. Chance comes from `generator` alone.
        """
