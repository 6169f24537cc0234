"""What the ranks agree on before tokens travel between them."""

from typing import NamedTuple

import torch
from jaxtyping import Int, Shaped
from torch import Tensor
from torch.distributed._functional_collectives import AsyncCollectiveTensor, all_to_all_single_autograd

from ..ranks import waiting

NOBODY = -1


class Turn(NamedTuple):
    """One layer's, on all ranks.

    Attributes:
        layer: Whose experts are asked.
        sends: Rows to each rank.
        receives: Rows from each rank.
    """

    layer: int
    sends: list[int]
    receives: list[int]

    @property
    def over(self) -> bool:
        """Nobody asks."""
        return self.layer == NOBODY

    def there(self, rows: Shaped[Tensor, "sent *dims"]) -> Shaped[Tensor, "received *dims"]:
        """Rows, sorted by the rank that they go to, become rows sorted by the rank that they come from."""
        return all_to_all(rows, self.receives, self.sends)

    def back(self, rows: Shaped[Tensor, "received *dims"]) -> Shaped[Tensor, "sent *dims"]:
        """The other direction."""
        return all_to_all(rows, self.sends, self.receives)


def all_to_all(rows: Tensor, receives: list[int], sends: list[int]) -> Tensor:
    """Of uneven parts; gradients go the other way."""
    world = torch.distributed.group.WORLD
    assert world is not None
    arrived: Tensor = all_to_all_single_autograd(rows.contiguous(), receives, sends, world)
    if isinstance(arrived, AsyncCollectiveTensor):  # what is computed again for backward never uses the last one
        arrived.trigger_wait()  # type: ignore[no-untyped-call]
    return arrived


def agree(layer: int | None, counts: Int[Tensor, " ranks"]) -> Turn:
    """Tell every rank how many rows it will get, and hear it from all; None is for one that asks nothing.

    The host waits here for the device, and so for the slowest rank, once in a layer: the rows that come
    need memory, and how many they are is not known before.
    """
    mine = torch.stack([torch.full_like(counts, NOBODY if layer is None else layer), counts], dim=1)
    theirs = torch.empty_like(mine)
    with waiting():
        torch.distributed.all_to_all_single(theirs, mine)
        layers, receives, sends = torch.stack([*theirs.unbind(1), counts]).tolist()
    assert len({*layers} - {NOBODY}) <= 1, f"the ranks are in different layers: {layers}"
    return Turn(max(layers), sends, receives)
