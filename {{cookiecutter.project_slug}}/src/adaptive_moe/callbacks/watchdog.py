"""Ends a rank that waits for ever."""

import faulthandler
import os
import sys
import threading
import time
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, LightningModule, Trainer

EXIT_CODE = 124  # that of the command `timeout`
REST = 10.0  # seconds that the others have to say where they are, before a launcher sees that this one has ended


class Watchdog(Callback):
    """Where several processes train: if no batch ends for too long, each prints where it is, and they end.

    A rank that hangs holds up all others, so that all find it at about the same time: the one that is not waiting for
    others is the one to look at. Processes that Lightning has started end with the one that has started them.

    Args:
        minutes: The longest that a batch, a checkpoint or the end of an epoch may take.
    """

    def __init__(self, minutes: float = 20.0) -> None:
        if minutes <= 0:
            raise ValueError(f"minutes is {minutes}; it must be more than 0")
        self.minutes = minutes
        self.ended = threading.Event()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Watch, in a thread."""
        if trainer.world_size > 1:
            self.ended.clear()
            self.beat()
            environment = trainer.strategy.cluster_environment  # type: ignore[attr-defined]
            started = isinstance(environment, LightningEnvironment) and trainer.local_rank > 0
            self.parent = os.getppid() if started else None
            threading.Thread(target=self.watch, args=(trainer,), daemon=True).start()

    def beat(self) -> None:
        """A batch has ended."""
        self.last = time.monotonic()

    def watch(self, trainer: Trainer) -> None:
        """Until training has ended."""
        while not self.ended.wait(1.0):
            name = f"rank {trainer.global_rank} of {trainer.world_size}"
            if time.monotonic() - self.last > 60 * self.minutes:
                print(
                    f"\nerror: {name} has ended no batch for {self.minutes:g} minutes, in step {trainer.global_step}; "
                    "all ranks end, and --ckpt_path last goes on. Where that is no fault, raise the minutes of "
                    "Watchdog. It is here:",
                    file=sys.stderr,
                    flush=True,
                )
                faulthandler.dump_traceback(sys.__stderr__ or 2)
                time.sleep(REST)
                os._exit(EXIT_CODE)
            if self.parent and os.getppid() != self.parent:
                print(f"\nerror: {name} ends: the process that has started it is gone", file=sys.stderr, flush=True)
                os._exit(EXIT_CODE)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """All is well."""
        self.beat()

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """All is well."""
        self.beat()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Watch no more."""
        self.ended.set()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same."""
        self.ended.set()
