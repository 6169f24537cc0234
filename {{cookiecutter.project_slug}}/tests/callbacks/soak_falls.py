"""Two ranks: one hangs, dies, fails, refuses its corpus, has a loss that is not finite, or one or both get a signal."""

from pathlib import Path
from typing import Any

import pytest

from ..conftest import ROOT, TRAIN, start
from ..data.resume import TWO, traced
from .test_finite_guard import poisoned, skipping
from .test_graceful_stop import assert_both_stop, options

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", TRAIN]
GONE = ", and this one cannot go on; see what that one has said"
WATCHDOG = ["--trainer.callbacks+=Watchdog", "--trainer.callbacks.minutes=0.15"]
FALLS = ["--trainer.callbacks+=tests.callbacks.falls.Falls"]
CASES = {
    "sleeps": (
        [*WATCHDOG, *FALLS, "--trainer.callbacks.how=sleeps"],
        ["error: rank 1 of 2 has ended no batch", "falls.py"],
    ),
    "dies": ([*FALLS, "--trainer.callbacks.how=dies"], [GONE]),
    "raises": ([*FALLS, "--trainer.callbacks.how=raises"], ["OSError: a fault", GONE]),
    "is poisoned": (
        poisoned("batches=[2]", "rank=1"),
        ["error: the loss is not finite in step 3 on rank 1, of samples"],
    ),
    "refuses": (["--data.corpus.path=bad.jsonl"], ["error: text is the column text, and bad.jsonl has", GONE]),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("program", [[TRAIN], TORCHRUN], ids=["launcher", "torchrun"])
@pytest.mark.parametrize("case", CASES)
def test_all_ranks_end(case: str, program: list[str], tiny: list[str], corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"other": "a"}\n' * 30)
    given = [f"--config={ROOT}/configs/ddp.yaml", "--trainer.devices=2", "--trainer.max_steps=12"]
    arguments, words = CASES[case]
    data = ["--data.corpus=Texts", f"--data.corpus.path={corpus}"]
    ended = start(tmp_path, *program, "fit", *given, *tiny, *data, *arguments)
    assert ended.returncode
    assert all(each in ended.stderr for each in words), ended.stderr[-3000:]


def test_all_ranks_leave_out_a_step_of_one(tiny: list[str], corpus: Path, tmp_path: Path) -> None:
    given = [TRAIN, "fit", *tiny, *options(corpus), *TWO, *skipping(), *poisoned("batches=[2]", "rank=1")]
    ended = start(tmp_path, *given)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "the loss is not finite in step 3 on rank 1, of samples" in ended.stdout
    assert "): the step is left out, 1 of 10." in ended.stdout


SIGNALS: dict[str, tuple[list[str], int, str, dict[str, Any]]] = {
    "all ranks": ([TRAIN], 130, "SIGINT", {"ranks": "[0,1]"}),
    "the launcher": ([TRAIN], 138, "SIGUSR1", {"ranks": "[1]", "parent": True}),
    "torchrun, one rank": (TORCHRUN, 1, "SIGUSR1", {"ranks": "[1]"}),
    "torchrun, all ranks": (TORCHRUN, 1, "SIGTERM", {"ranks": "[0,1]"}),
    "torchrun, the launcher": (TORCHRUN, 1, "SIGTERM", {"ranks": "[1]", "parent": True}),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", SIGNALS)
def test_a_signal(case: str, tiny: list[str], tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program, code, name, settings = SIGNALS[case]
    given = [*program, "fit", *tiny, *options(corpus), *TWO]
    assert start(tmp_path, *given, *traced("whole")).returncode == 0
    assert_both_stop(tmp_path, given, code, name, **settings)


def test_time_that_is_over_for_one_is_over_for_all(tiny: list[str], tmp_path: Path, corpus: Path) -> None:
    given = [TRAIN, "fit", *tiny, *options(corpus), *TWO]
    ended = start(tmp_path, *given, "--trainer.max_time=00:00:00:00")
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "max_time is over: the run has ended after step 2" in ended.stdout
