"""Top-2 at first, and a compute budget later."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer

from adaptive_moe.callbacks import ComputeBudget


class Warming(ComputeBudget):
    """A budget that goes from two experts per token down to `experts_per_token` in the first half of the run."""

    def __init__(self, experts_per_token: float) -> None:
        super().__init__(experts_per_token)
        self.last = experts_per_token

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Another goal for each step."""
        rest = max(0.0, 1 - 2 * trainer.global_step / trainer.estimated_stepping_batches)
        self.experts_per_token = self.last + rest * (2 - self.last)
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
