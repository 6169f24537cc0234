"""Disks that are too small or read-only, as real file systems; and a clock that is set back while a run trains.

Linux alone: each disk is a tmpfs in a mount namespace of its own, which ends with the test.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from .conftest import ROOT, TINY, TRAIN, start

NAMESPACE = ["unshare", "--mount", "--map-root-user"]
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
STEPS = ["--trainer.max_steps=200", "--trainer.val_check_interval=50", "--trainer.limit_val_batches=2"]

if not shutil.which("unshare") or subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode:
    pytest.skip("no mount namespace can be made here", allow_module_level=True)


def on_a_disk(folder: Path, mount: str, *commands: str) -> list[tuple[int, str]]:
    """Exit code and words of each command, on a new disk in `folder/disk`; what lies there is gone with it."""
    (folder / "disk").mkdir()
    lines = [f"mount -t tmpfs -o {mount} tmpfs disk && cd disk || exit 1"]
    lines += [f"({command}) > ../{i}.log 2>&1; echo $?" for i, command in enumerate(commands)]
    done = subprocess.run(
        [*NAMESPACE, "sh", "-c", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    codes = [int(line) for line in done.stdout.split()]
    return [(code, (folder / f"{i}.log").read_text()) for i, code in enumerate(codes)]


def fit(corpus: Path, *options: str) -> str:
    given = ["--data.corpus=Texts", f"--data.corpus.path={corpus}", *TINY, *STEPS]
    return " ".join([sys.executable, TRAIN, "fit", *given, *options])


def losses(metrics: Path) -> dict[int, float]:
    """Of training, by step; of several, the last."""
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    return {line["step"]: line["train/loss"] for line in lines if "train/loss" in line}


@pytest.fixture
def whole(tmp_path: Path, corpus: Path) -> dict[int, float]:
    """A run that nothing has happened to."""
    ended = start(tmp_path, *fit(corpus, "--data.cache_dir=cache").split()[1:])
    assert ended.returncode == 0, ended.stderr
    return losses(tmp_path / "runs/text_completion/version_0/metrics.jsonl")


KEEP = "cp $(ls -d runs/text_completion/* | tail -1)/metrics.jsonl .."  # a run that got to no checkpoint begins anew


@pytest.mark.parametrize("kilobytes", [60, 300, 700])
def test_a_disk_that_is_too_small_ends_no_run_which_goes_on_when_there_is_room(
    kilobytes: int, tmp_path: Path, corpus: Path, whole: dict[int, float]
) -> None:
    train = fit(corpus, "--data.cache_dir=../cache")
    again = f"{train} --ckpt_path=last"
    ended, _, went_on, _ = on_a_disk(tmp_path, f"size={kilobytes}k", train, "mount -o remount,size=50m .", again, KEEP)
    assert ended[0] == 0, ended[1]
    assert (
        "cannot be written (No space left on device): training goes on, and what was there is there still" in ended[1]
    )
    assert went_on[0] == 0, went_on[1]
    assert "damaged" not in went_on[1]
    after = losses(tmp_path / "metrics.jsonl")
    assert after[199] == whole[199]
    assert after == {step: whole[step] for step in after}


@pytest.mark.parametrize(
    ("mount", "cache_dir", "words"),
    [
        (
            "ro",
            "../cache",
            "version_0 cannot be written, since .*/disk is read-only; make room there, or choose another",
        ),
        ("size=12k", "../cache", "version_0 cannot be written (No space left on device); make room there, or choose"),
        ("ro", "data", "cannot be written, since"),
        ("size=20k", "data", "or cache_dir data cannot be written: [Errno 28] No space left on device"),
    ],
)
def test_a_disk_that_takes_nothing_is_said_in_a_sentence(
    mount: str, cache_dir: str, words: str, tmp_path: Path, corpus: Path
) -> None:
    assert start(tmp_path, *fit(corpus, "--data.cache_dir=cache").split()[1:]).returncode == 0
    ((code, said),) = on_a_disk(tmp_path, mount, fit(corpus, f"--data.cache_dir={cache_dir}"))
    assert code == 2, said
    before, _, after = words.partition(".*")
    (error,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert before in error
    assert after in error
    assert "Traceback" not in said


@pytest.mark.skipif(FAKETIME is None, reason="needs the Debian package faketime")
def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path, corpus: Path, whole: dict[int, float]) -> None:
    shift = tmp_path / "shift"
    shift.write_text("+0")
    environment = {"FAKETIME_TIMESTAMP_FILE": str(shift), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
    command = fit(corpus, "--data.cache_dir=cache", "--trainer.logger.name=clock").split()
    with (tmp_path / "clock.log").open("w") as log:
        run = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT), "LD_PRELOAD": str(FAKETIME)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    folder = tmp_path / "runs/clock/version_0"
    while run.poll() is None and not (folder / "checkpoints/best.ckpt").exists():
        time.sleep(0.1)
    shift.write_text("-1d")
    assert run.wait(200) == 0, (tmp_path / "clock.log").read_text()
    assert losses(folder / "metrics.jsonl") == whole
    moments = [event.wall_time for event in EventAccumulator(str(folder)).Reload().Scalars("train/loss")]
    assert max(moments) - min(moments) > 80_000  # it was
