"""Parts of tensors whose first axis is the experts'."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor


def part(whole: Shaped[Tensor, "experts *dims"]) -> Shaped[Tensor, "local *dims"]:
    """This rank's."""
    return whole.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def gathered(part: Shaped[Tensor, "local *dims"]) -> Shaped[Tensor, "experts *dims"]:
    """The parts of all ranks, on the host; every rank must ask."""
    parts = [torch.empty_like(part) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(parts, part.detach().contiguous())
    return torch.cat([each.cpu() for each in parts])


def convert(state: dict[str, Any], sharded: Iterable[bool], how: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    """An optimiser's state, where what belongs to sharded parameters has been gathered, or taken in part.

    Moments have the axis of the experts; a count of steps has none. `sharded` says which parameters are, in the
    optimiser's order.
    """
    chosen = {index for index, each in enumerate(sharded) if each}
    converted = {
        index: {name: how(value) if isinstance(value, Tensor) and value.ndim else value for name, value in each.items()}
        if index in chosen
        else each
        for index, each in state["state"].items()
    }
    return {**state, "state": converted}
