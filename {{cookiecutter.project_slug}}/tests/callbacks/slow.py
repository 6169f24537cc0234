"""Runs that take a known time, and clocks around them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback

from adaptive_moe.callbacks import StepTimer
from adaptive_moe.callbacks.timing import PARTS
from adaptive_moe.data import Batch
from adaptive_moe.moe import Threshold
from adaptive_moe.tasks import TextCompletion

from .training import Batches, fit, task

TOKENS = 4 * 64  # in a batch


class Slow(Batches):
    """Waits before each batch."""

    def __init__(self, count: int, seconds: float) -> None:
        super().__init__(count)
        self.seconds = seconds

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for batch in super().__iter__():
            time.sleep(self.seconds)
            yield batch


class SlowSGD(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        time.sleep(0.03)
        return loss


class Instants(Callback):
    """When each batch began and ended, on a clock of its own; one before the timer and one behind it bracket it."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.ends: list[float] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self.starts.append(time.perf_counter())

    def on_train_batch_end(self, *_: Any) -> None:
        self.ends.append(time.perf_counter())


class Timed:
    """A run, and its timer between two clocks."""

    def __init__(self, module: TextCompletion, batches: Batches, *callbacks: Callback, **options: Any) -> None:
        self.timer, self.before, self.behind = StepTimer(), Instants(), Instants()
        fit(module, batches, self.before, self.timer, *callbacks, self.behind, **options)
        self.step = self.timer.logged["time/step_ms"] / 1000
        self.parts = {part: self.timer.logged[f"time/{part}_ms"] / 1000 for part in PARTS}

    def bounds(self, first: int, last: int) -> tuple[float, float]:
        """Between the ends of two batches lie at least and at most so many seconds."""
        lower = self.before.ends[last] - self.behind.ends[first]
        return lower, self.behind.ends[last] - self.before.ends[first]


class Rest(Callback):
    """Sleeps where no step goes on, and writes a checkpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sleeps: list[tuple[float, float]] = []

    def sleep(self) -> None:
        since = time.perf_counter()
        time.sleep(0.05)
        self.sleeps.append((since, time.perf_counter()))

    def on_validation_batch_end(self, *_: Any) -> None:
        self.sleep()

    def on_validation_epoch_end(self, *_: Any) -> None:
        self.sleep()

    def on_train_epoch_end(self, *_: Any) -> None:
        self.sleep()

    def on_save_checkpoint(self, *_: Any) -> None:
        self.sleep()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 4:
            trainer.save_checkpoint(self.folder / "some.ckpt", weights_only=False)


def slow_forward(seconds: float) -> TextCompletion:
    module = task(Threshold(0.1))
    module.model.register_forward_pre_hook(lambda *_: time.sleep(seconds))
    return module
