from typing import Any

import pytest
import torch
from lightning.pytorch import Callback

from adaptive_moe.callbacks import ComputeBudget
from adaptive_moe.errors import RunError
from adaptive_moe.moe import Gating, MarginGating, Threshold, TopK, TopP

from .training import Batches, fit, layers, task


class Sharpen(Callback):
    """Makes the routers surer with every batch, as training does; notes what was spent, and where the threshold was."""

    def __init__(self, gating: MarginGating) -> None:
        self.gating = gating
        self.spent: list[float] = []
        self.thresholds: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
        counts = torch.stack([routing.experts_per_token for routing in outputs["routings"].values()])
        self.spent.append(float(counts.float().mean()))
        self.thresholds.append(float(self.gating.threshold))
        for layer in layers(pl_module):
            layer.router.linear.weight.data.mul_(1.003)


GATINGS = [Threshold(0.9), Threshold(0.0, "renormalised"), TopP(1.0)]


@pytest.mark.parametrize("goal", [1.2, 1.6])
@pytest.mark.parametrize("gating", GATINGS, ids=["T", "gap", "p"])
def test_it_holds_the_goal_while_the_router_sharpens(gating: MarginGating, goal: float) -> None:
    sharpen = Sharpen(gating)
    fit(task(gating), Batches(150), ComputeBudget(goal), sharpen)
    held = torch.tensor(sharpen.spent[50:])
    assert abs(held.mean() - goal) < 0.03
    assert (held - goal).abs().max() < 0.1


@pytest.mark.parametrize("gating", GATINGS, ids=["T", "gap", "p"])
def test_it_does_not_oscillate(gating: MarginGating) -> None:
    sharpen = Sharpen(gating)
    alike = Batches(1)
    alike.batches *= 120
    fit(task(gating), alike, ComputeBudget(1.4), sharpen)
    # on the way to the goal it falls or rises; from then on, a router that sharpens asks for more and more
    turns = torch.tensor(sharpen.thresholds).diff().sign().diff().count_nonzero()
    assert turns <= 1
    assert sharpen.thresholds[-1] > sharpen.thresholds[60]


def test_the_threshold_that_it_has_reached_is_in_the_checkpoint() -> None:
    gating, restored = Threshold(0.1), Threshold(0.1)
    module, other = task(gating), task(restored)
    gating.threshold.fill_(0.25)
    other.load_state_dict(module.state_dict())
    assert restored.threshold == 0.25


def refusal(gating: Gating, goal: float, **moe: Any) -> str:
    with pytest.raises(RunError) as refused:
        fit(task(gating, **moe), Batches(1), ComputeBudget(goal))
    return str(refused.value)


def test_a_goal_that_cannot_be_held_is_refused_before_training() -> None:
    assert "gating is TopK; a compute budget moves a threshold" in refusal(TopK(2), 1.2)
    assert "the model is dense" in refusal(Threshold(), 1.2, layers=[])
    assert "experts_per_token is 2.1; a token gets at most 2" in refusal(Threshold(), 2.1)
    assert "experts_per_token is 8.5; a token gets at most 8" in refusal(TopP(), 8.5)


@pytest.mark.parametrize("goal", [0.9, float("nan")])
def test_less_than_one_expert_is_refused(goal: float) -> None:
    with pytest.raises(ValueError, match="experts_per_token is"):
        ComputeBudget(goal)
