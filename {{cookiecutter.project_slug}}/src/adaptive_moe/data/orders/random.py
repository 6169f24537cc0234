"""The order that knows nothing."""

import torch
from jaxtyping import Int, UInt8
from torch import Generator, Tensor

from .order import Order


class Random(Order):
    """A new permutation each epoch."""

    def arrange(
        self,
        lengths: Int[Tensor, " samples"],
        shares: UInt8[Tensor, "samples layers"],
        epoch: int,
        generator: Generator,
    ) -> Int[Tensor, " samples"]:
        """Uniform over all permutations."""
        return torch.randperm(len(lengths), generator=generator)
