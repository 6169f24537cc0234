"""What a signal ends goes on as if nothing had been: every batch, loss, validation and weight, to the bit."""

import contextlib
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.loops.training_epoch_loop import _TrainingEpochLoop
from lightning.pytorch.trainer.connectors.signal_connector import _SignalConnector

from ..conftest import TRAIN, Run, start
from ..data.resume import TWO, traced
from ..data.trace import read
from .signals import Late

LAST = "checkpoints/last.ckpt has it; the same command with --ckpt_path last goes on"


def options(corpus: Path) -> list[str]:
    """Twelve steps in two epochs, with three validations; nothing but the signal makes a checkpoint between them."""
    return [
        "--data.corpus=Texts",
        f"--data.corpus.path={corpus}",
        "--trainer.max_steps=12",
        "--trainer.val_check_interval=4",
        "--trainer.num_sanity_val_steps=0",
        "--model.warmup_steps=2",
    ]


def sends(name: str, **settings: Any) -> list[str]:
    """A run that gets a signal."""
    chosen = [f"--trainer.callbacks.{key}={value}".lower() for key, value in settings.items()]
    return ["--trainer.callbacks+=tests.callbacks.signals.Sends", f"--trainer.callbacks.name={name}", *chosen]


def assert_nothing_lost(rank: int = 0) -> None:
    """Both parts together are the whole, and neither is empty; but for the weights at a normal end of the first."""
    whole, first, second = (read(name, rank) for name in ("whole", "cut", "cut-on"))
    first = [line for line in first if "weights" not in line]
    assert first
    assert second
    assert first + second == whole


def test_what_is_taken_out_of_the_way_is_still_there() -> None:
    assert callable(_SignalConnector.register_signal_handlers)
    assert callable(_TrainingEpochLoop._broadcast_sigterm_tensor)


@pytest.mark.parametrize(
    ("name", "batch"),
    [("SIGTERM", 5), ("SIGINT", 3), ("SIGUSR1", -1)],
    ids=["in a step", "before a validation", "in a validation"],
)
def test_a_signal_saves_its_step_and_the_run_goes_on(
    name: str, batch: int, run: Run, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    run("fit", *options(corpus), *traced("whole"))
    with pytest.raises(SystemExit) as end:
        run("fit", *options(corpus), *traced("cut"), *sends(name, batch=batch))
    assert end.value.code == 128 + signal.Signals[name]
    step = batch + 1 if batch > 0 else 4
    said = capsys.readouterr().out
    assert f"\n{name}: the run has ended after step {step}, and runs/cut/version_0/{LAST}" in said
    assert before == {number: signal.getsignal(number) for number in before}
    run("fit", *options(corpus), *traced("cut-on"), "--ckpt_path=last")
    assert_nothing_lost()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_workers_that_read_get_the_signal_too(name: str, run: Run, corpus: Path) -> None:
    with pytest.raises(SystemExit) as end:
        run("fit", *options(corpus), "--trainer.limit_val_batches=0", "--data.num_workers=2", *sends(name, batch=2))
    assert end.value.code == 128 + signal.Signals[name]
    last = torch.load("runs/text_completion/version_0/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 3


def test_a_signal_in_the_sanity_check_ends_it(
    run: Run, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run("fit", *options(corpus), "--trainer.num_sanity_val_steps=2", *sends("SIGTERM", batch=-2))
    assert end.value.code == 143
    assert "after step 0, and there was nothing to save" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.ckpt"))


def test_slurm_gets_no_checkpoint_of_lightning_s(
    run: Run, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which the next job would read, whatever it was told."""
    job = {"NTASKS": "1", "NTASKS_PER_NODE": "1", "JOB_ID": "7", "JOB_NAME": "train", "NODELIST": "localhost"}
    for name, value in {**job, "PROCID": "0", "LOCALID": "0", "NODEID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    with pytest.raises(SystemExit) as end:
        run("fit", *options(corpus), *traced("cut"), *sends("SIGUSR1"))
    assert end.value.code == 138
    assert not list(tmp_path.rglob("hpc_ckpt*"))
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    run("fit", *options(corpus), *traced("cut-on"), "--ckpt_path=last")
    assert read("cut-on")[0]["batch"] == 6


def test_time_that_is_over_is_a_normal_end_and_a_run_that_goes_on_has_it_anew(
    run: Run, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No time at all, so that one step is made."""
    limit = "--trainer.max_time=00:00:00:00"
    run("fit", *options(corpus), *traced("whole"))
    ended = run("fit", *options(corpus), *traced("cut"), limit).trainer
    assert ended.global_step == 1
    said = capsys.readouterr().out
    assert f"max_time is over: the run has ended after step 1, and runs/cut/version_0/{LAST}" in said
    assert "best val/perplexity" not in said.split("max_time")[1]
    limit = "--trainer.max_time=00:01:00:00"
    assert run("fit", *options(corpus), *traced("cut-on"), limit, "--ckpt_path=last").trainer.global_step == 12
    assert_nothing_lost()


@pytest.mark.parametrize(("batch", "sent", "code"), [(3, 99, None), (3, -1, 143), (6, 99, None)])
def test_time_that_is_over_before_a_validation_ends_the_run_after_it(
    batch: int,
    sent: int,
    code: int | None,
    run: Run,
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As each of several ranks has it, which learn in the validation what they have said in the step before."""
    monkeypatch.setattr("adaptive_moe.callbacks.graceful_stop.LateMaximum", Late)
    words = ["--trainer.callbacks+=tests.callbacks.signals.EndsTime", f"--trainer.callbacks.batch={batch}"]
    ends = pytest.raises(SystemExit) if code else contextlib.nullcontext()
    with ends as end:
        run("fit", *options(corpus), *words, *sends("SIGTERM", batch=sent))
    reason, step = "SIGTERM" if code else "max_time is over", {3: 6, 6: 8}[batch]
    assert f"{reason}: the run has ended after step {step}, and" in capsys.readouterr().out
    assert code == (end.value.code if end else None)


def test_time_ends_no_run_before_its_fewest_steps_and_a_signal_does(
    run: Run, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ["--trainer.max_time=00:00:00:00", "--trainer.min_epochs=0", "--trainer.min_steps=6"]
    assert run("fit", *options(corpus), *limits).trainer.global_step == 6
    with pytest.raises(SystemExit):
        run("fit", *options(corpus), *limits, *sends("SIGTERM", batch=2))
    assert "SIGTERM: the run has ended after step 3, and" in capsys.readouterr().out


def test_where_nothing_saves_it_is_said_so(run: Run, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", *options(corpus), "--trainer.fast_dev_run=9", *sends("SIGTERM", batch=2))
    assert "after step 3, and nothing is saved, which takes a run with the callback" in capsys.readouterr().out


@pytest.mark.slow
def test_a_second_ctrl_c_ends_the_process_at_once(tiny: list[str], tmp_path: Path, corpus: Path) -> None:
    ended = start(tmp_path, TRAIN, "fit", *tiny, *options(corpus), *sends("SIGINT", batch=6, twice=True))
    assert ended.returncode == -signal.SIGINT
    last = torch.load(tmp_path / "runs/text_completion/version_0/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 4


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_signal_to_one_rank_stops_all_at_the_same_step(
    tiny: list[str], tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [TRAIN, "fit", *tiny, *options(corpus), *TWO]
    assert start(tmp_path, *given, *traced("whole")).returncode == 0
    assert_both_stop(tmp_path, given, 143, "SIGTERM", ranks="[1]")


def assert_both_stop(folder: Path, given: list[str], code: int, name: str, **settings: Any) -> None:
    """Two ranks, which get a signal in the sixth step and agree in the seventh; and go on."""
    ended = start(folder, *given, *traced("cut"), *sends(name, **settings))
    assert ended.returncode == code, ended.stderr[-3000:]
    assert f"{name}: the run has ended after step 7" in ended.stdout
    assert start(folder, *given, *traced("cut-on"), "--ckpt_path=last").returncode == 0
    for rank in (0, 1):
        assert_nothing_lost(rank)
