"""Agents of torchrun, each in the place of a machine."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from .conftest import ROOT, TINY, TRAIN


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def agents(folder: Path, cache_dir: Path, nodes: str, count: int, *options: str) -> list[subprocess.Popen[str]]:
    """`count` of them, of as many machines as `nodes` says, with a process each."""
    meeting = ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{free_port()}", "--rdzv-id=a-test"]
    elastic = [f"--nnodes={nodes}", "--nproc-per-node=1", "--max-restarts=3", "--monitor-interval=0.2"]
    launch = [sys.executable, "-m", "torch.distributed.run", *elastic, *meeting, "--local-addr=127.0.0.1"]
    place = "--rdzv-conf=is_host="  # the first has the store, whoever is sooner there: others may be lost
    training = [TRAIN, "fit", f"--config={ROOT}/configs/ddp.yaml", *TINY, f"--data.cache_dir={cache_dir}", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    how: dict[str, Any] = {"cwd": folder, "env": environment, "text": True, "start_new_session": True}
    started = []
    for number in range(count):
        with (folder / f"agent_{number}.log").open("w") as log:
            started.append(
                subprocess.Popen(
                    [*launch, f"{place}{int(not number)}", *training], stdout=log, stderr=subprocess.STDOUT, **how
                )
            )
    return started


def workers(agent: subprocess.Popen[str]) -> list[int]:
    """Process ids of those that train."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(agent.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def end(agent: subprocess.Popen[str]) -> None:
    """A machine that fails: agent and workers at once."""
    for pid in (*workers(agent), agent.pid):
        os.kill(pid, signal.SIGKILL)
