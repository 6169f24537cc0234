"""Ends a run that is told to end, with nothing lost."""

import signal
import threading
import time
from types import FrameType
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, Timer
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher

from ..ranks import LateMaximum
from .last_checkpoint import LastCheckpoint
from .run_values import callbacks_of

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)]
TIME_IS_UP = 1  # less than any of them


class Stopped(SystemExit):
    """The exit code is 128 and the signal's number, as in a shell."""


class GracefulStop(Checkpoint):  # which Lightning calls behind all others: what they do in a step is saved
    """On SIGINT (Ctrl-C), SIGTERM or SIGUSR1, to any rank: all save `last.ckpt` at the same step, and end.

    The step is the one that runs, or with several ranks the next; a validation is broken off, if `LastCheckpoint` has
    saved before it. The exit code is 128 and the signal's number. A second Ctrl-C ends the process at once.
    `trainer.max_time` ends training likewise, with the closing lines and code 0; a run that goes on has it anew.
    """

    def __init__(self) -> None:
        self.usual: dict[int, Any] = {}  # what signals do otherwise; empty while this does not listen
        self.asked = self.told = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the place of what Lightning has for this, which hangs if ranks are told one by one."""
        if stage == "fit":
            self.asked = self.told = 0
            self.maximum, self.seconds = LateMaximum(), float("inf")
            trainer._signal_connector.register_signal_handlers = self.listen  # type: ignore[method-assign]
            # In every step, on the device.
            trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = lambda: None  # type: ignore[method-assign]
            for timer in callbacks_of(trainer, Timer):
                if (seconds := timer.time_remaining()) is not None:
                    self.seconds = min(self.seconds, seconds)
                timer._duration = None  # its clock goes on, and stops nothing

    def listen(self) -> None:
        """From here on: a run that is still being set up has nothing to save, and ends at once."""
        if threading.current_thread() is threading.main_thread():
            self.usual = {number: signal.signal(number, self.note) for number in SIGNALS}

    def note(self, number: int, frame: FrameType | None) -> None:
        """A signal comes anywhere in a step."""
        self.asked = number
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The clock of `max_time`."""
        self.step, self.end = trainer.global_step, time.monotonic() + self.seconds

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """After an optimiser step: between two, gathered gradients would be lost."""
        if trainer.global_step == self.step or self.told:
            return
        self.step = trainer.global_step
        is_over = time.monotonic() > self.end and trainer.fit_loop._can_stop_early  # or min_steps would train on
        self.told = self.maximum(self.asked or (TIME_IS_UP if is_over else 0))
        if self.told:
            for last in callbacks_of(trainer, LastCheckpoint):
                last.keep(trainer)
        if self.told == TIME_IS_UP:
            self.limit, trainer.should_stop, trainer.limit_val_batches = trainer.limit_val_batches, True, 0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """The step that was saved has been logged too."""
        self.leave(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """No validation any more."""
        self.leave(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Nor another epoch."""
        self.leave(trainer)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Long ones are broken off; there is nothing to save that has not been."""
        lasts = callbacks_of(trainer, LastCheckpoint)
        if self.usual and lasts and all(last.saved_step == trainer.global_step for last in lasts):
            self.told = self.maximum(self.asked)
            if self.told == TIME_IS_UP:  # what a rank said after the step before; it is asked again after the next
                self.told, self.maximum = 0, LateMaximum()
            self.leave(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """It was time, or all is done."""
        self.maximum.last()
        if self.told == TIME_IS_UP:
            trainer.limit_val_batches = self.limit
            self.tell(trainer, "max_time is over")

    def leave(self, trainer: Trainer) -> None:
        """If a signal has said so.

        Raises:
            Stopped: On all ranks.
        """
        if self.told > TIME_IS_UP:
            self.tell(trainer, signal.Signals(self.told).name)
            launcher = trainer.strategy.launcher
            if isinstance(launcher, _SubprocessScriptLauncher):
                launcher.procs.clear()  # whoever watches them would kill this process when they end
            raise Stopped(128 + self.told)

    def tell(self, trainer: Trainer, reason: str) -> None:
        """In one sentence."""
        kept = [f"{last.path(trainer)} {last.state(trainer)}" for last in callbacks_of(trainer, LastCheckpoint)]
        saved = f"{', '.join(kept)}; the same command with --ckpt_path last goes on"
        if not trainer.global_step:
            saved = "there was nothing to save"
        elif trainer.fast_dev_run or not kept:  # type: ignore[attr-defined]
            saved = "nothing is saved, which takes a run with the callback LastCheckpoint, and no fast_dev_run"
        if trainer.is_global_zero:
            print(f"\n{reason}: the run has ended after step {trainer.global_step}, and {saved}", flush=True)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Signals mean again what they did."""
        for number, handler in self.usual.items():
            signal.signal(number, handler)
        self.usual = {}

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same."""
        self.teardown(trainer, pl_module, "fit")
