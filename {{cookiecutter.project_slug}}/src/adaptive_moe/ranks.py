"""Sums and means over all processes."""

import torch
from jaxtyping import Shaped
from torch import Tensor


def sum_over_ranks(values: Shaped[Tensor, "*n"]) -> Shaped[Tensor, "*n"]:
    """The same on every rank, without a gradient; the trainer's own reduction would wait for all ranks first."""
    total = values.detach().clone()
    if torch.distributed.is_initialized():
        if torch.distributed.get_backend() == "nccl":
            total = total.cuda()  # which sums on GPUs only
        torch.distributed.all_reduce(total)
    return total


def mean_over_ranks(values: Shaped[Tensor, "*n"]) -> Shaped[Tensor, "*n"]:
    """What gradients must be divided by where they will be averaged, as DDP does."""
    if not torch.distributed.is_initialized():
        return values
    return sum_over_ranks(values) / torch.distributed.get_world_size()
