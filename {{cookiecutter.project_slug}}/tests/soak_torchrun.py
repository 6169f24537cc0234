"""Two machines that torchrun brings together, of which one loses a process, or is lost."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from .torchrun import agents, end, workers

RUN = Path("runs/text_completion")
OPTIONS = ["--trainer.max_steps=60", "--trainer.limit_val_batches=0", "--ckpt_path=last"]
OFTEN = ["--trainer.callbacks+=LastCheckpoint", "--trainer.callbacks.every_n_train_steps=5"]


@contextmanager
def meeting(folder: Path, cache_dir: Path, nodes: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Two agents, ended whatever happens."""
    folder.mkdir()
    started = agents(folder, cache_dir, nodes, 2, *OPTIONS, *OFTEN)
    try:
        yield started
    finally:
        for agent in started:
            if agent.poll() is None:
                end(agent)


def wait_for_a_checkpoint(folder: Path) -> None:
    for _ in range(600):
        if list(folder.glob(f"{RUN}/*/checkpoints/last.ckpt")):
            return
        time.sleep(0.2)
    raise AssertionError("no checkpoint in two minutes")


def said(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.glob("agent_*.log")))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    (path,) = folder.glob(f"{RUN}/*/checkpoints/last.ckpt")
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint["global_step"] == 60
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return state


@pytest.mark.timeout(600)
def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost(tmp_path: Path, cache_dir: Path) -> None:
    with meeting(tmp_path / "whole", cache_dir, "2") as both:
        assert [agent.wait(300) for agent in both] == [0, 0], said(tmp_path / "whole")
    with meeting(tmp_path / "cut", cache_dir, "2") as both:
        wait_for_a_checkpoint(tmp_path / "cut")
        (worker,) = workers(both[1])
        os.kill(worker, signal.SIGKILL)
        assert [agent.wait(300) for agent in both] == [0, 0], said(tmp_path / "cut")
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(value, cut[name]) for name, value in whole.items())


@pytest.mark.timeout(600)
def test_a_machine_that_is_lost_leaves_a_run_of_fewer(tmp_path: Path, cache_dir: Path) -> None:
    with meeting(tmp_path / "cut", cache_dir, "1:2") as both:
        wait_for_a_checkpoint(tmp_path / "cut")
        end(both[1])
        assert both[0].wait(500) == 0, said(tmp_path / "cut")
    weights(tmp_path / "cut")
    assert "The checkpoint's world size is 2, and this run's 1" in said(tmp_path / "cut")
