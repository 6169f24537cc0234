import pytest
import torch

from adaptive_moe.moe import MarginGating, Router, Threshold, TopP
from adaptive_moe.moe.budget import move_threshold, threshold_for


@pytest.mark.parametrize(
    ("gating", "goals"),
    [
        (Threshold(0.1), (1.0, 1.2, 1.7, 2.0)),
        (Threshold(0.1, "renormalised"), (1.0, 1.2, 1.7, 2.0)),
        (TopP(0.5), (1.0, 1.2, 1.7, 3.0, 6.0)),
    ],
    ids=["T", "gap", "p"],
)
@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_with_that_threshold_the_same_tokens_meet_the_goal(
    gating: MarginGating, goals: tuple[float, ...], spread: float
) -> None:
    torch.manual_seed(0)
    routers = [Router(8, 6, gating) for _ in range(3)]
    for router in routers:
        torch.nn.init.normal_(router.linear.weight, std=spread)
    x, samples = torch.randn(400, 8), -(torch.arange(400) % 5 == 0).long()
    tokens = 4 if isinstance(gating, TopP) and spread == 5 else 2  # sums near 1 may be equal in float32
    for goal in goals:
        gating.threshold.copy_(threshold_for(gating, [router(x, samples) for router in routers], goal))
        spent = torch.stack([router(x, samples).experts_per_token for router in routers]).sum() / (3 * 320)
        assert float(spent) == pytest.approx(goal, abs=tokens / 960)


def test_a_batch_of_padding_moves_nothing() -> None:
    gating = Threshold(0.3)
    record = Router(8, 4, gating)(torch.randn(3, 8), torch.tensor([-1, -1, -1]))
    move_threshold(gating, [record], 1.5, rate=0.5)
    assert gating.threshold == torch.tensor(0.3)
