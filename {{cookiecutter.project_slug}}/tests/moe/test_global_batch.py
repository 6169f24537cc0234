"""Losses over the batches of two real processes."""

from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from adaptive_moe.moe import AuxLoss, Router, Threshold

Over = Literal["single_expert_tokens", "all_choices"]
REAL = 10, 3  # tokens of each rank; the rest is padding


def loss_and_gradient(over: Over, ranks: list[int], global_batch: bool) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    router = Router(8, 4, Threshold(0.2))
    torch.nn.init.normal_(router.linear.weight)
    tokens = torch.randn(2, 12, 8)[ranks].flatten(0, 1)
    samples = torch.stack([-(torch.arange(12) >= REAL[rank]).long() for rank in ranks]).flatten()
    loss = AuxLoss(1.0, over, router_z_weight=0.1, global_batch=global_batch)([router(tokens, samples)] * 2)
    torch.autograd.backward(loss)
    assert router.linear.weight.grad is not None
    return loss.detach(), router.linear.weight.grad


def one_rank(rank: int, folder: Path, over: Over, global_batch: bool) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.save(loss_and_gradient(over, [rank], global_batch), folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("over", "global_batch"), [("single_expert_tokens", True), ("all_choices", True), ("all_choices", False)]
)
def test_the_mean_over_ranks_is_the_loss_of_one_process_on_all_tokens(
    over: Over, global_batch: bool, tmp_path: Path
) -> None:
    spawn(one_rank, (tmp_path, over, global_batch), nprocs=2)  # type: ignore[no-untyped-call]
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    for mine, theirs, together in zip(*ranks, loss_and_gradient(over, [0, 1], False), strict=True):
        assert torch.allclose((mine + theirs) / 2, together, rtol=1e-5, atol=1e-6) is global_batch
