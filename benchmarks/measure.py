"""Times in turn, so that a machine that drifts favours nobody; peaks of memory; what ran where."""

import datetime
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

Call = Callable[[], object]


def in_turn(calls: dict[str, Call], device: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, A B A B ..., after two rounds that do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 2):
        for name, call in calls.items():
            synchronise(device)
            start = time.perf_counter()
            call()
            synchronise(device)
            if turn >= 2:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratios(one: list[float], other: list[float]) -> tuple[float, float, float]:
    """Median and quartiles of one / other, pair by pair: lower quartile, median, upper quartile."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(one, other, strict=True)], n=4)
    return low, middle, high


def synchronise(device: str) -> None:
    """Wait for a GPU."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_bytes(call: Call, device: str) -> int:
    """The most memory that a call holds at once beyond what it leaves behind, its gradients."""
    call()
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - torch.cuda.memory_allocated()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    held = peak = 0
    events = profiler.profiler.kineto_results.events()
    for event in sorted((event for event in events if event.name() == "[memory]"), key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak - held


def where(device: str) -> dict[str, str]:
    """What a figure must be quoted with."""
    if device == "cuda":
        hardware = torch.cuda.get_device_name()
    else:
        info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
        model = re.search(r"model name\s*: (.*)", info)
        name = model[1] if model else platform.processor()
        hardware = f"{name}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"
    return {
        "date": datetime.date.today().isoformat(),
        "hardware": hardware,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "command": " ".join(["python", *sys.argv]),
    }
