"""Sums over all processes."""

import torch
from jaxtyping import Float
from torch import Tensor


def sum_over_ranks(values: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """The same on every rank, without a gradient; the trainer's own reduction would wait for all ranks first."""
    total = values.detach().clone()
    if torch.distributed.is_initialized():
        torch.distributed.all_reduce(total)
    return total
