import pytest
import torch

from adaptive_moe.moe import MarginGating, Router, Threshold, TopP, threshold_for


@pytest.mark.parametrize("gating", [Threshold(0.1), Threshold(0.1, "renormalised"), TopP(0.5)])
@pytest.mark.parametrize("goal", [1.0, 1.2, 1.7, 2.0])
@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_with_that_threshold_the_same_tokens_meet_the_goal(gating: MarginGating, goal: float, spread: float) -> None:
    torch.manual_seed(0)
    routers = [Router(8, 6, gating) for _ in range(3)]
    for router in routers:
        torch.nn.init.normal_(router.linear.weight, std=spread)
    x, samples = torch.randn(400, 8), -(torch.arange(400) % 5 == 0).long()
    gating.threshold.copy_(threshold_for(goal, gating, [router(x, samples) for router in routers]))
    spent = torch.stack([router(x, samples).experts_per_token for router in routers]).sum() / (3 * 320)
    assert float(spent) == pytest.approx(goal, abs=2 / 960)


def test_without_a_token_there_is_an_answer() -> None:
    gating = Threshold()
    record = Router(8, 4, gating)(torch.randn(3, 8), torch.tensor([-1, -1, -1]))
    assert 0 <= threshold_for(1.5, gating, [record]) <= 1
