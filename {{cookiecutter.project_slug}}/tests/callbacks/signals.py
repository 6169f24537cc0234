"""A callback that sends a signal from inside a run."""

import os
import signal
from multiprocessing import active_children
from typing import Any

from lightning.pytorch import Callback, Trainer

from adaptive_moe.callbacks import GracefulStop
from adaptive_moe.callbacks.run_values import callbacks_of


class EndsTime(Callback):
    """Lets `max_time` be over when a batch begins."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.fit_loop.total_batch_idx == self.batch:
            (stop,) = callbacks_of(trainer, GracefulStop)
            stop.end = 0.0


class Late:
    """What `LateMaximum` is to each of several ranks."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, number: int) -> int:
        if not (before := self.number):
            self.number = number
        return before

    def last(self) -> int:
        return self.number


class Sends(Callback):
    """To its own process or to the one that has started it, on some ranks, when a batch begins.

    Batch -1 is when a validation begins, -2 the sanity check.
    """

    def __init__(
        self, name: str, batch: int = 5, ranks: list[int] | None = None, parent: bool = False, twice: bool = False
    ) -> None:
        self.number, self.batch, self.ranks = signal.Signals[name], batch, ranks or [0]
        self.parent, self.twice = parent, twice

    def send(self, trainer: Trainer) -> None:
        if trainer.global_rank in self.ranks and trainer.ckpt_path is None:  # not again when the run goes on
            for worker in active_children():  # as a cluster does
                os.kill(int(worker.pid or 0), self.number)
                worker.join(0.3)
            for _ in range(1 + self.twice):
                os.kill(os.getppid() if self.parent else os.getpid(), self.number)

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.fit_loop.total_batch_idx == self.batch:
            self.send(trainer)

    def on_validation_start(self, trainer: Trainer, *_: Any) -> None:
        if self.batch == (-2 if trainer.sanity_checking else -1):
            self.send(trainer)
