"""A checkpoint to go on from, also where no validation falls."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins import TorchCheckpointIO

from .whole_checkpoints import LAST, WholeCheckpoints, clear


class LastCheckpoint(Checkpoint):
    """Writes `checkpoints/last.ckpt` in the run's folder every so many steps, before a validation, and at the end.

    Lightning's own `save_last` writes only when the monitored metric has improved. All checkpoints of a run that is not
    sharded are written by `WholeCheckpoints`.

    Args:
        every_n_train_steps: Optimiser steps from one to the next.
    """

    def __init__(self, every_n_train_steps: int = 100) -> None:
        if every_n_train_steps < 1:
            raise ValueError(f"every_n_train_steps is {every_n_train_steps}; it must be at least 1")
        self.every_n_train_steps = every_n_train_steps
        self.step = self.saved_step = 0
        self.validates = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Strategies that shard write in their own way; so may who has asked for another."""
        with suppress(NotImplementedError):
            if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
                trainer.strategy.checkpoint_io = WholeCheckpoints()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has what it came from, but for a validation, which Lightning takes for done."""
        self.step = self.saved_step = trainer.global_step
        folder = self.path(trainer).parent
        if trainer.is_global_zero:
            clear(folder)
        if self.validates:
            loop = trainer.fit_loop.epoch_loop.val_loop
            loop.restarting, trainer.validating = False, True
            loop.run()
            trainer.training = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """It is done."""
        self.validates = False

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """After an optimiser step; also before a validation, which may be broken off."""
        if trainer.global_step == self.step:
            return
        self.step, loop = trainer.global_step, trainer.fit_loop
        assert loop._data_fetcher
        self.validates = loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
        if self.validates or self.step % self.every_n_train_steps == 0 or self.step == trainer.max_steps:
            self.keep(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """No state of its own: Lightning takes only one callback of a class that has one."""
        checkpoint["validates"] = self.validates

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Of the run that goes on."""
        self.validates = checkpoint.get("validates", False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Whatever has ended it."""
        self.keep(trainer)

    def keep(self, trainer: Trainer) -> None:
        """Save this step, if it is not; on all ranks together."""
        if trainer.global_step != self.saved_step and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            for logger in trainer.loggers:  # a run that goes on from here does not log again what came before
                logger.save()
            trainer.save_checkpoint(self.path(trainer), weights_only=False)
            self.saved_step = trainer.global_step

    def path(self, trainer: Trainer) -> Path:
        """Asked on all ranks: Lightning broadcasts the answer."""
        return Path(trainer.log_dir or trainer.default_root_dir, "checkpoints", LAST)

    def state(self, trainer: Trainer) -> str:
        """What there is to say of it, on the first rank."""
        failed = getattr(trainer.strategy.checkpoint_io, "failed", False)
        return "could not be written: what was there is there still" if failed else "has it"
