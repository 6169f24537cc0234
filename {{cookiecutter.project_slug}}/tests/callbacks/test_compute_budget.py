from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback

from adaptive_moe.callbacks import ComputeBudget
from adaptive_moe.cli import CLI
from adaptive_moe.errors import RunError
from adaptive_moe.moe import Gating, MarginGating, Threshold, TopK, TopP

from ..conftest import Run
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


GATINGS: dict[str, Callable[[], MarginGating]] = {
    "T": lambda: Threshold(0.9),
    "gap": lambda: Threshold(0.0, "renormalised"),
    "p": lambda: TopP(1.0),
}


@pytest.mark.parametrize("goal", [1.2, 1.6])
@pytest.mark.parametrize("name", GATINGS)
def test_it_holds_the_goal_while_the_router_sharpens(name: str, goal: float) -> None:
    gating = GATINGS[name]()
    sharpen = Sharpen(gating)
    fit(task(gating), Batches(150), ComputeBudget(goal), sharpen)
    assert abs(sharpen.spent[0] - goal) > 0.19
    held = torch.tensor(sharpen.spent[60:])
    assert abs(held.mean() - goal) < 0.03
    # ten batches in a row together, since what one batch of 256 tokens spends is chance by itself
    assert (held.unfold(0, 10, 1).mean(1) - goal).abs().max() < 0.05


@pytest.mark.parametrize("name", GATINGS)
def test_it_does_not_oscillate(name: str) -> None:
    gating, alike = GATINGS[name](), Batches(1)
    sharpen = Sharpen(gating)
    alike.batches *= 150
    fit(task(gating), alike, ComputeBudget(1.4), sharpen)
    # it falls or rises to the goal; from then on, a router that sharpens asks for more and more
    turns = torch.tensor(sharpen.thresholds).diff().sign().diff().count_nonzero()
    assert turns <= 1
    assert sharpen.thresholds[-1] > sharpen.thresholds[80]


BUDGET = ["--trainer.callbacks+=ComputeBudget", "--trainer.callbacks.experts_per_token=1.9"]


def threshold(cli: CLI) -> torch.Tensor:
    (gating,) = (module for module in cli.model.modules() if isinstance(module, MarginGating))
    return gating.threshold


def test_the_threshold_that_it_has_reached_is_restored_from_the_checkpoint(run: Run) -> None:
    trained = threshold(run("fit", *BUDGET, "--trainer.max_steps=4"))
    assert trained != torch.tensor(0.1)
    assert threshold(run("validate", *BUDGET, "--ckpt_path=last")) == trained
    assert threshold(run("fit", *BUDGET, "--trainer.max_steps=4", "--ckpt_path=last")) == trained


def test_the_command_line_says_how_a_checkpoint_is_gated_or_it_is_as_it_was_trained(run: Run) -> None:
    trained = threshold(run("fit", *BUDGET, "--trainer.max_steps=2"))
    assert threshold(run("validate", "--ckpt_path=last")) == trained
    with pytest.warns(UserWarning, match="add the following callbacks: \\['ComputeBudget'\\]"):
        validated = run("validate", "--ckpt_path=last", "--model.gating.threshold=0.25")
    assert threshold(validated) == torch.tensor(0.25)


def test_a_model_is_read_with_another_policy(run: Run) -> None:
    run("fit", "--trainer.max_steps=2")
    run("validate", "--ckpt_path=last", "--model.gating=TopK", "--model.gating.k=1")  # top-1 at inference


def refusal(gating: Gating, goal: float, **moe: Any) -> str:
    with pytest.raises(RunError) as refused:
        fit(task(gating, **moe), Batches(1), ComputeBudget(goal))
    return str(refused.value)


def test_a_goal_that_cannot_be_held_is_refused_before_training() -> None:
    assert "gating is TopK; a compute budget moves a threshold" in refusal(TopK(1), 1.2)
    assert "experts_per_token is 2.1; a token gets at most 2" in refusal(Threshold(), 2.1)
    assert "experts_per_token is 8.5; a token gets at most 8" in refusal(TopP(), 8.5)


@pytest.mark.parametrize("goal", [0.9, float("nan")])
def test_less_than_one_expert_is_refused(goal: float) -> None:
    with pytest.raises(ValueError, match="experts_per_token is"):
        ComputeBudget(goal)
