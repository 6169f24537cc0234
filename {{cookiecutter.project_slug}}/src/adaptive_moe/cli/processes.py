"""What a process says when it cannot go on without another."""

import os
import re
from subprocess import Popen

import torch
from lightning.pytorch import Trainer
from torch.distributed import DistNetworkError


def why_alone(error: RuntimeError, trainer: Trainer) -> str | None:
    """Why this process cannot go on; None if what has failed is not the connection to another.

    Without a group no process notices that another ends, so those that wait for this one are ended.
    """
    started: list[Popen[bytes]] = getattr(trainer.strategy.launcher, "procs", [])  # by Lightning, on this machine
    if torch.distributed.is_initialized():
        said = r"(closed|reset) by peer|[Tt]imed out|Broken pipe|Connection refused|(?i:store).*closed"
        if not re.search(said, str(error)):
            return None
        codes = {rank: process.poll() for rank, process in enumerate(started, 1)}
        ended = [f"local rank {rank} has ended with code {code}" for rank, code in codes.items() if code]
        who = ", ".join(ended) or "another rank has ended or hangs"
        return f"{who}, and this one cannot go on; see what that one has said"
    if not isinstance(error, DistNetworkError):
        return None
    for process in started:
        process.terminate()
    port, address = os.environ.get("MASTER_PORT"), os.environ.get("MASTER_ADDR")
    if "EADDRINUSE" in str(error):
        return f"MASTER_PORT is {port}, and another program uses that port; choose another, or leave it out"
    return (
        f"the processes do not meet at {address}, port {port} (MASTER_ADDR, MASTER_PORT), where rank 0 is: "
        f"{' '.join(str(error).split())[:200]}"
    )
