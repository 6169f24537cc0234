"""A checkpoint to go on from, also where no validation falls."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint


class LastCheckpoint(Checkpoint):
    """Writes `checkpoints/last.ckpt` in the run's folder every so many steps and at the end of training.

    Lightning's own `save_last` writes only when the monitored metric has improved.

    Args:
        every_n_train_steps: Optimiser steps from one to the next.
    """

    def __init__(self, every_n_train_steps: int = 100) -> None:
        if every_n_train_steps < 1:
            raise ValueError(f"every_n_train_steps is {every_n_train_steps}; it must be at least 1")
        self.every_n_train_steps = every_n_train_steps
        self.saved_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has what it came from."""
        self.saved_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """After an optimiser step, once."""
        step = trainer.global_step
        due = step % self.every_n_train_steps == 0 or step == trainer.max_steps
        if due and step != self.saved_step:
            self.save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Whatever has ended it."""
        if trainer.global_step != self.saved_step:
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """On all ranks together."""
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]
            for logger in trainer.loggers:  # a run that goes on from here does not log again what came before
                logger.save()
            trainer.save_checkpoint(
                f"{trainer.log_dir or trainer.default_root_dir}/checkpoints/last.ckpt", weights_only=False
            )
            self.saved_step = trainer.global_step
