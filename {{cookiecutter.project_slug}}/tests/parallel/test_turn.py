"""Agreements and travels in a world of one, and the kernels behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from adaptive_moe import ranks
from adaptive_moe.moe import Experts, Router, TopP
from adaptive_moe.parallel.sharded_experts import ShardedExperts
from adaptive_moe.parallel.turn import agree


@pytest.fixture(autouse=True)
def world(tmp_path: Path) -> Iterator[None]:
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_the_wait_is_seen_and_a_turn_ends_when_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    @contextmanager
    def watcher() -> Iterator[None]:
        seen.append("waits")
        yield
        seen.append("goes on")

    monkeypatch.setattr(ranks, "watchers", [watcher])
    assert agree(3, torch.tensor([2])) == (3, [2], [2])
    assert seen == ["waits", "goes on"]
    assert agree(None, torch.tensor([0])).over


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("tokens", [0, 7])
def test_sharded_experts_are_experts_computed_once_or_again(tokens: int, again: bool) -> None:
    torch.manual_seed(0)
    whole, router = Experts(8, 6, 4), Router(8, 4, TopP(0.7))
    x = torch.randn(tokens, 8, requires_grad=True)
    routing = router(x, torch.zeros(tokens, dtype=torch.long))
    direction = torch.randn(tokens, 8)

    def learnt(experts: Experts) -> list[torch.Tensor]:
        out = checkpoint(experts, x, routing, use_reentrant=False) if again else experts(x, routing)
        parameters = [x, router.linear.weight, experts.up_proj, experts.down_proj]
        return [out, *torch.autograd.grad((out * direction).sum(), parameters, retain_graph=True)]

    wanted = learnt(whole)
    sharded = ShardedExperts(whole, 0, rank=0, num_ranks=1)
    torch.testing.assert_close(learnt(sharded), wanted, rtol=1e-6, atol=1e-7)
    assert whole.up_proj.numel() == 0
    assert torch.equal(sharded.reunited().up_proj, sharded.up_proj)
