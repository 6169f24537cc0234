import functools
import re
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback
from lightning.pytorch.profilers import SimpleProfiler
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adaptive_moe import ranks
from adaptive_moe.callbacks import ExpertLoadBalancer, StepTimer, step_timer
from adaptive_moe.callbacks.timing import PARTS, DeviceTime
from adaptive_moe.moe import Threshold
from adaptive_moe.tasks import TextCompletion

from ..conftest import Run
from .fake_events import install
from .slow import TOKENS, Rest, Slow, SlowSGD, Timed, slow_forward
from .training import Batches, fit, task


def test_the_parts_add_up_to_the_step_as_another_clock_has_it() -> None:
    module = slow_forward(0.02)
    module.optimizer = functools.partial(SlowSGD, lr=0.0)
    timed = Timed(module, Slow(13, 0.04), log_every_n_steps=13)
    lower, upper = timed.bounds(2, 12)  # the first three are not counted
    assert lower <= 10 * timed.step <= upper
    assert sum(timed.parts.values()) == pytest.approx(timed.step)
    assert sum(timed.timer.logged[f"time/{part}_share"] for part in PARTS) == pytest.approx(1)
    assert timed.parts["forward"] > 0.02
    assert timed.parts["data"] > 0.04
    assert timed.parts["optimizer"] > 0.03
    assert timed.parts["sync"] == 0
    assert timed.timer.logged["time/tokens_per_second"] == pytest.approx(TOKENS / timed.step)


def test_a_step_that_gathers_gradients_has_all_its_batches() -> None:
    timed = Timed(slow_forward(0.02), Slow(21, 0.02), accumulate_grad_batches=3, log_every_n_steps=7)
    lower, upper = timed.bounds(8, 20)
    assert lower <= 4 * timed.step <= upper
    assert timed.parts["forward"] > 0.06
    assert timed.parts["data"] > 0.06
    assert timed.timer.logged["time/tokens_per_second"] == pytest.approx(3 * TOKENS / timed.step)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_validations_checkpoints_and_ends_of_epochs_are_no_part_of_a_step(
    accumulated: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest, steps = Rest(tmp_path), 16 // accumulated
    for name in ("evaluate", "report"):  # which ask for more than random tokens
        monkeypatch.setattr(TextCompletion, name, lambda *_: {"routings": {}})
    options: dict[str, Any] = {"max_epochs": 2, "limit_val_batches": 1, "val_check_interval": 5}
    options |= {"num_sanity_val_steps": 0, "accumulate_grad_batches": accumulated, "log_every_n_steps": steps}
    timed = Timed(task(Threshold(0.1)), Batches(8), rest, **options)
    first = 3 * accumulated - 1
    total = (steps - 3) * timed.step
    begin, end = timed.behind.ends[first], timed.before.ends[15]
    rests = [until - since for since, until in rest.sleeps if begin < since < end]
    assert len(rests) == {1: 7, 2: 4}[accumulated]  # of eight; the last epoch ends after the last step
    assert total <= timed.bounds(first, 15)[1] - sum(rests)
    starts, ends = timed.behind.starts[first + 1 :], timed.before.ends[first + 1 :]
    assert total >= sum(end - start for start, end in zip(starts, ends, strict=True))


def test_it_shows_in_tensorboard_and_in_the_closing_lines(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=6")
    events = EventAccumulator("runs/text_completion/version_0").Reload()
    scalars = {f"time/{part}_{unit}" for part in PARTS for unit in ("ms", "share")}
    scalars |= {"time/step_ms", "time/moe_share", "memory/peak_gib"}
    scalars |= {"time/tokens_per_second", "time/tokens_per_second_per_device"}
    there = {tag for tag in events.Tags()["scalars"] if tag.startswith(("time", "memory"))}
    assert there == scalars
    assert [each.step for each in events.Scalars("time/step_ms")] == [3, 5]
    assert [each.step for each in events.Scalars("routing/experts_per_token")] == [1, 3, 5]
    *_, last = events.Tensors("time/verdict/text_summary")
    verdict = last.tensor_proto.string_val[0].decode()
    assert verdict.startswith("of a step of ")
    assert re.search(rf"time +{re.escape(verdict)}\n", capsys.readouterr().out)


def test_a_dense_model_has_no_share_of_moe_layers() -> None:
    timer = StepTimer(inside_moe=True)
    fit(task(Threshold(0.1), layers=[]), Batches(6), timer, ExpertLoadBalancer(), log_every_n_steps=6)
    assert not [tag for tag in timer.logged if "moe" in tag]
    assert "MoE" not in timer.verdict


@pytest.mark.parametrize("interval", [0, 50])
@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_a_run_that_logs_nothing_has_its_verdict(interval: int) -> None:
    timer = StepTimer()
    fit(task(Threshold(0.1)), Batches(6), timer, log_every_n_steps=interval)
    assert timer.verdict
    assert not timer.logged


def test_a_run_that_is_over_before_anything_is_counted_has_none() -> None:
    timer = StepTimer()
    fit(task(Threshold(0.1)), Batches(3), timer, log_every_n_steps=1)
    assert not timer.verdict


def test_a_profiler_of_the_users_goes_on_and_is_left_as_it_was() -> None:
    profiler, module = SimpleProfiler(), task(Threshold(0.1))
    fit(module, Batches(6), StepTimer(), profiler=profiler, log_every_n_steps=2)
    recorded = profiler.recorded_durations
    assert len(recorded["[_TrainingEpochLoop].train_dataloader_next"]) == 6
    assert len(recorded["run_training_batch"]) == 6
    assert not {"start", "stop"} & vars(profiler).keys()
    hooks = [each for part in module.modules() for each in (part._forward_hooks, part._forward_pre_hooks)]
    assert not any(hooks)
    assert not ranks.watchers


class Fault(Callback):
    def on_before_backward(self, trainer: Any, *_: Any) -> None:
        if trainer.global_step == 2:
            raise RuntimeError("a fault")


def test_everything_is_left_as_it_was_after_a_fault_too() -> None:
    profiler, module = SimpleProfiler(), task(Threshold(0.1))
    with pytest.raises(RuntimeError, match="a fault"):
        fit(module, Batches(6), StepTimer(), Fault(), profiler=profiler)
    assert not {"start", "stop"} & vars(profiler).keys()
    assert not any(part._forward_hooks for part in module.modules())
    assert not ranks.watchers


def test_a_compiled_model_is_timed_without_hooks() -> None:
    timer, module = StepTimer(), task(Threshold(0.1))
    module.model._compiled_call_impl = module.model._call_impl  # as compile() has it, and at once
    fit(module, Batches(6), timer, log_every_n_steps=6)
    assert "time/moe_share" not in timer.logged
    assert timer.logged["time/forward_ms"]


def test_flop_utilisation_is_that_of_the_experts_that_were_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_timer, "peak_flops", lambda *_: 1e9)
    timer, flops = StepTimer(), []

    class Flops(Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            flops.append(float(trainer.callback_metrics["routing/flops_per_token"]))

    fit(task(Threshold(0.1)), Batches(8), ExpertLoadBalancer(), Flops(), timer, log_every_n_steps=1)
    speed = timer.logged["time/tokens_per_second_per_device"]
    assert timer.logged["time/mfu"] == pytest.approx(3 * flops[-1] * speed / 1e9)
    assert len(set(flops)) > 1


def test_on_a_gpu_it_reads_events_that_have_passed_and_waits_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setattr(step_timer, "HostTime", DeviceTime)
    timed = Timed(slow_forward(0.02), Slow(13, 0.02), log_every_n_steps=13)
    lower, upper = timed.bounds(2, 11)  # the last step has not passed
    assert lower <= 9 * timed.step <= upper
    assert sum(timed.parts.values()) == pytest.approx(timed.step)
    assert timed.parts["data"] > 0.02
    assert timed.parts["forward"] > 0.02


def test_nothing_is_said_before_a_gpu_has_come_to_a_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setattr("tests.callbacks.fake_events.Event.behind", 10_000)
    monkeypatch.setattr(step_timer, "HostTime", DeviceTime)
    timer = StepTimer()
    fit(task(Threshold(0.1)), Batches(8), timer, log_every_n_steps=2)
    assert not timer.logged
    assert not timer.verdict
