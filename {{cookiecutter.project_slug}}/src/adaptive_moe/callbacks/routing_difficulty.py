"""Difficulty for free: what training sees of the routing anyway."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer

from ..data import Batch
from .counting import Counting, count


class RoutingDifficulty(Counting):
    """Counts, for every sample and layer, the tokens that use two experts; the next epoch is ordered by them.

    A sample is judged by the model as it was when it had its turn.
    """

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add the batch up."""
        count(trainer.datamodule.curriculum.difficulty, outputs["routings"], batch)  # type: ignore[attr-defined]
