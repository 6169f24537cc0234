import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.profilers import PyTorchProfiler
from torch import nn

from adaptive_moe.callbacks import StepTimer
from adaptive_moe.callbacks.timing.inside_moe import NODE, STAGES, InsideMoE, times_by_stage
from adaptive_moe.errors import RunError
from adaptive_moe.moe import Experts, Threshold

from .training import Batches, fit, layers, task

WHERE = [f"time/moe/{stage}_share" for stage in STAGES]


def event(name: str, time: float, *children: Any, number: int = -1) -> SimpleNamespace:
    return SimpleNamespace(name=name, time=time, cpu_children=children, sequence_nr=number)


def test_operations_belong_to_the_stage_of_their_module_or_name_and_backward_to_where_it_was_made() -> None:
    forward = [
        event("aten::view", 1000, number=1),
        event(
            "inside_moe.route",
            1,
            event("aten::linear", 2, event("aten::mm", 4, number=2), number=1),
            event("aten::sort", 8, number=3),
        ),
        event(
            "inside_moe.experts",
            16,
            event("aten::nonzero", 32, event("aten::empty", 64)),
            event("aten::mm", 128),
            event("aten::index_add_", 256),
            number=3,
        ),
        event("aten::mm", 1000, number=4),
    ]
    backward = [
        event(NODE, 1000, event("MmBackward0", 1000, number=4), number=4),
        event(NODE, 512, event("aten::index_select", 1024), event("aten::mm", 2048), number=3),
        event(NODE, 4096, event("MmBackward0", 8192, number=2), number=2),
        event(NODE, 1000, number=99),
    ]
    step = [event("Optimizer.step", 1000, event("DistributedDataParallel.forward", 1000, *forward), *backward)]
    assert times_by_stage(step, "time") == {
        "route": 1 + 2 + 4 + 8 + 4096 + 8192,
        "dispatch": 32 + 64 + 1024,
        "experts": 16 + 128 + 512 + 2048,
        "combine": 256,
    }


@pytest.mark.parametrize("grouped", [False, True])
def test_the_shares_of_a_real_run(grouped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[Experts.__module__], "has_grouped_mm", lambda _: grouped)
    timer = StepTimer(inside_moe=True)
    fit(task(Threshold(0.1), expert_dim=32), Batches(8), timer, log_every_n_steps=4)
    assert sum(timer.logged[tag] for tag in WHERE) == pytest.approx(1)
    assert all(timer.logged[tag] > 0 for tag in WHERE)


@pytest.mark.parametrize("slow", ["route", "experts"])
@pytest.mark.parametrize("backward", [False, True])
def test_what_is_slow_in_either_direction_has_the_larger_share(slow: str, backward: bool) -> None:
    timer, module = StepTimer(inside_moe=True), task(Threshold(0.1))

    def sleep(*_: Any) -> None:
        time.sleep(0.1)

    def after(layer: nn.Module, _: Any, outputs: Any) -> None:
        result = outputs if isinstance(layer, Experts) else outputs.logits
        if backward:
            result.register_hook(sleep)
        else:
            sleep()

    for layer in layers(module):
        part: nn.Module = layer.router if slow == "route" else layer.experts
        part.register_forward_hook(after)
    fit(module, Batches(6), timer, log_every_n_steps=6)
    assert timer.logged[f"time/moe/{slow}_share"] > 0.7


def test_the_step_that_is_looked_into_is_not_timed() -> None:
    timer = StepTimer(inside_moe=True)
    starts: list[int] = []

    class Look(Callback):
        def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
            assert timer.inside
            if timer.inside.running:
                starts.append(trainer.global_step)
                time.sleep(1)

    fit(task(Threshold(0.1)), Batches(16), timer, Look(), log_every_n_steps=8)
    assert starts == [3, 8]  # after the warm-up, and after the first log
    assert timer.totals["steps"] == 0
    assert timer.logged["time/step_ms"] < 1000 / 7
    assert all(tag in timer.logged for tag in WHERE)


def test_a_fault_in_a_step_that_is_looked_into_leaves_nothing_behind() -> None:
    module = task(Threshold(0.1))

    class Fault(Callback):
        def on_before_backward(self, trainer: Any, *_: Any) -> None:
            if trainer.global_step == 3:
                raise RuntimeError("a fault")

    with pytest.raises(RuntimeError, match="a fault"):
        fit(module, Batches(6), StepTimer(inside_moe=True), Fault(), log_every_n_steps=6)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert not torch.autograd._profiler_enabled()  # type: ignore[attr-defined]


class Unused(PyTorchProfiler):
    def teardown(self, stage: str | None) -> None:
        """There is nothing to write."""


def test_what_leaves_no_room_for_it_is_refused() -> None:
    compiled = task(Threshold(0.1))
    compiled.compiled = True
    with pytest.raises(RunError, match="compile is true"):
        fit(compiled, Batches(1), StepTimer(inside_moe=True))
    for options, reason in (
        ({"log_every_n_steps": 1}, "log_every_n_steps is 1"),
        ({"profiler": Unused()}, "profiler is PyTorchProfiler"),
    ):
        with pytest.raises(RunError, match=reason):
            fit(task(Threshold(0.1)), Batches(1), StepTimer(inside_moe=True), **options)


def test_a_forward_that_is_broken_off_is_closed() -> None:
    """Blocks that are computed again are, as soon as they have what is needed."""
    module = task(Threshold(0.1))
    inside = InsideMoE(module.model, torch.device("cpu"))
    experts = next(each for each in module.modules() if isinstance(each, Experts))
    inside.start()
    with pytest.raises(TypeError):
        experts("nothing")
    torch.ones(1).exp()
    inside.stop()
    (scope,) = (each for each in inside.profile.function_events if each.name == "inside_moe.experts")
    assert "aten::exp" not in {each.name for each in scope.cpu_children}
