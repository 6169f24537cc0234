"""Runs that are killed again and again, until they are through, end as if nothing had been: to the bit."""

from pathlib import Path

import pytest

from ..conftest import TRAIN, start
from ..data.resume import TWO, traced
from ..data.trace import read

KILLS = 25
STEPS = 400
ENDS = {"SIGKILL": {-9, 1, 2}, "SIGTERM": {143}}
"""Who is left when a rank is killed says so; and Lightning's launcher kills itself with the others."""


def options(corpus: Path) -> list[str]:
    return [
        "--data.corpus=Texts",
        f"--data.corpus.path={corpus}",
        f"--trainer.max_steps={STEPS}",
        "--trainer.val_check_interval=25",
        "--trainer.num_sanity_val_steps=0",
        "--trainer.log_every_n_steps=1",
        "--trainer.callbacks+=LastCheckpoint",
        "--trainer.callbacks.every_n_train_steps=5",
    ]


def killed(name: str, seed: int) -> list[str]:
    return [
        "--trainer.callbacks+=tests.callbacks.kills.Kills",
        f"--trainer.callbacks.name={name}",
        f"--trainer.callbacks.seed={seed}",
    ]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_killed_again_and_again(
    name: str,
    processes: int,
    tiny: list[str],
    tmp_path: Path,
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [TRAIN, "fit", *tiny, *options(corpus), *(TWO if processes == 2 else [])]
    assert start(tmp_path, *given, *traced("whole")).returncode == 0
    for seed in range(KILLS):
        ended = start(tmp_path, *given, *traced("cut"), *killed(name, seed), "--ckpt_path=last")
        if ended.returncode == 0:
            break
        assert ended.returncode in ENDS[name], ended.stderr[-3000:]
        assert "damaged" not in ended.stdout
    assert start(tmp_path, *given, *traced("cut"), *killed(name, -1), "--ckpt_path=last").returncode == 0
    for rank in range(processes):
        whole, parts = read("whole", rank), read("cut", rank)
        assert parts[-1] == whole[-1]  # the weights
        assert {str(line) for line in parts} == {
            str(line) for line in whole
        }  # what came after a checkpoint is repeated
    assert not list(tmp_path.rglob("*.partial"))
    with capsys.disabled():
        print("\n| seed | signal | rank | moment | step |\n|---|---|---|---|---|\n" + Path("kills.txt").read_text())
