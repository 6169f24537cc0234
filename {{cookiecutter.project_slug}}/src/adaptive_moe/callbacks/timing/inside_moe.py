"""Where the time inside the mixture-of-experts layers goes."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.profilers import PyTorchProfiler
from torch import nn
from torch.autograd.profiler import profile, record_function

from ...errors import RunError
from ...moe import Experts, Router

STAGES = ("route", "dispatch", "experts", "combine")
SCOPES = {f"inside_moe.{stage}": stage for stage in ("route", "experts")}
NODE = "autograd::engine::evaluate_function"  # what the name of a backward operation begins with
# What the experts' own operations are told from, by name; what is not here is work of the experts.
MOVES = {
    **dict.fromkeys(
        ["aten::nonzero", "aten::sum", "aten::index", "aten::index_select", "aten::sort", "aten::scatter_"], "dispatch"
    ),
    **dict.fromkeys(["aten::searchsorted", "Gather", "GatherBackward"], "dispatch"),
    **dict.fromkeys(["aten::index_add_", "aten::index_put", "Collect", "CollectBackward"], "combine"),
}


class Scope:
    """A name around the forward of a module, for the profiler."""

    def __init__(self, name: str) -> None:
        self.name = name

    def enter(self, *_: Any) -> None:
        """Begin."""
        self.record = record_function(self.name)
        self.record.__enter__()  # type: ignore[no-untyped-call]

    def leave(self, *_: Any) -> None:
        """End."""
        self.record.__exit__(None, None, None)


class InsideMoE:
    """Profiles one batch now and then, and divides what the routers and the experts took, forward and backward.

    `dispatch` is the gathering of rows, and `combine` their addition; shared experts are not counted. On a GPU the
    times are those of its kernels, and reading them waits for the device (not run on one so far).
    """

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # or it prints two lines for each batch
        self.on_gpu = device.type == "cuda"
        self.model = model
        self.running, self.around = False, ExitStack()
        self.shares: dict[str, float] = {}

    @property
    def modules(self) -> list[tuple[nn.Module, str]]:
        """What is watched, and its name."""
        kinds = {"inside_moe.route": Router, "inside_moe.experts": Experts}
        return [
            (module, name)
            for module in self.model.modules()
            for name, kind in kinds.items()
            if isinstance(module, kind)
        ]

    def start(self) -> None:
        """Before a batch."""
        for module, name in self.modules:
            scope = Scope(name)
            self.around.callback(module.register_forward_pre_hook(scope.enter).remove)
            self.around.callback(module.register_forward_hook(scope.leave, always_call=True).remove)
        self.profile = profile(use_device="cuda" if self.on_gpu else None, use_kineto=self.on_gpu)
        self.around.enter_context(self.profile)
        self.running = True

    def stop(self) -> None:
        """After it."""
        self.around.close()
        self.running = False
        roots = (event for event in self.profile.function_events if event.cpu_parent is None)
        times = times_by_stage(roots, "self_device_time_total" if self.on_gpu else "self_cpu_time_total")
        total = sum(times.values()) or 1.0
        self.shares = {stage: time / total for stage, time in times.items()}

    def take(self) -> dict[str, float]:
        """The tags of the last batch that was read, once."""
        shares, self.shares = self.shares, {}
        return {f"time/moe/{stage}_share": share for stage, share in shares.items()}


def look_inside(trainer: Trainer, pl_module: LightningModule) -> InsideMoE | None:
    """If there is something to see, and a log to tell it; RunError if something is in the way."""
    interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    if interval == 1:
        raise RunError("log_every_n_steps is 1; inside_moe takes a step between two logs for itself: choose 2 or more")
    if getattr(pl_module, "compiled", False):
        raise RunError("compile is true; the hooks of inside_moe would break the graph: set one of them to false")
    if isinstance(trainer.profiler, PyTorchProfiler):  # type: ignore[attr-defined]
        raise RunError("profiler is PyTorchProfiler; inside_moe has torch's profiler for itself: leave one of them out")
    inside = InsideMoE(pl_module, trainer.strategy.root_device)
    return inside if interval and inside.modules else None


def times_by_stage(events: Iterable[Any], measure: str) -> dict[str, float]:
    """Divide what the profiler has seen, in the order in which it happened.

    A node of the backward graph belongs where it was made: both have its number.
    """
    times = dict.fromkeys(STAGES, 0.0)
    made_in: dict[int, str | None] = {}

    def walk(event: Any, stage: str | None) -> None:
        if event.name in SCOPES:
            stage = SCOPES[event.name]
        elif event.name.startswith(NODE):
            stage = made_in.get(event.sequence_nr)
        if stage == "experts":
            stage = MOVES.get(event.name, stage)
        if event.sequence_nr >= 0 and not event.name.startswith(NODE):
            made_in[event.sequence_nr] = stage  # the last that has a number has made the node
        if stage:
            times[stage] += getattr(event, measure)
        for child in event.cpu_children:
            walk(child, stage)

    for event in events:
        walk(event, None)
    return times
