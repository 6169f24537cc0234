"""What a figure must be quoted with."""

import functools
import os
import platform
import re
import subprocess
from pathlib import Path

import lightning
import torch
from lightning.pytorch import Trainer


def environment(trainer: Trainer) -> dict[str, str]:
    """Device and versions, in words."""
    device = trainer.strategy.root_device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "device": f"{name}, {device.type}",
        "processes": f"{trainer.world_size} on {trainer.num_nodes} machines",
        "precision": str(trainer.precision),
        "cores, threads": f"{os.cpu_count()}, {torch.get_num_threads()}",
        "torch, Lightning, Python": f"{torch.__version__}, {lightning.__version__}, {platform.python_version()}",
        "system": platform.platform(),
        "commit": commit(),
    }


def processor() -> str:
    """Its name, where the system tells it; Python knows the kind alone."""
    told = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", told.read_text("utf-8")) if told.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


@functools.cache
def commit() -> str:
    """Of the repository that the project is kept in, and whether it has been changed since."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "none"
