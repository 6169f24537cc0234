"""Parts of tensors whose first axis is the experts'."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from ..errors import RunError


def part(whole: Shaped[Tensor, "experts *dims"]) -> Shaped[Tensor, "local *dims"]:
    """This rank's."""
    return whole.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def full(tensor: Float[Tensor, "*dims"]) -> Float[Tensor, "*dims"]:
    """All of one that ranks have parts of by torch's `fully_shard`, any other as it is; every rank must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def gathered(part: Shaped[Tensor, "local *dims"]) -> Shaped[Tensor, "experts *dims"]:
    """The parts of all ranks, on the host; every rank must ask."""
    if torch.distributed.get_backend() == "nccl":
        part = part.cuda()  # which gathers on GPUs only
    parts = [torch.empty_like(part) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(parts, part.detach().contiguous())
    return torch.cat([each.cpu() for each in parts])


def check_precision(precision: str) -> None:
    """Raise a RunError for one whose loss scale each rank would change by what it has."""
    if precision == "16-mixed":
        raise RunError(
            "precision is 16-mixed, whose loss scale each rank would change for its own weights; take "
            "--trainer.precision bf16-mixed"
        )


def convert(state: dict[str, Any], how: Callable[[int, Any], Any]) -> dict[str, Any]:
    """An optimiser's state, each value by `how`, which gets the number of its parameter too."""
    values = {
        index: {name: how(index, value) for name, value in each.items()} for index, each in state["state"].items()
    }
    return {**state, "state": values}


def weights_of(optimizer: Optimizer) -> list[nn.Parameter]:
    """In its order."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]
