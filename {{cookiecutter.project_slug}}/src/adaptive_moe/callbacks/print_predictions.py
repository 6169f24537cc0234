"""What `predict` shows."""

import json
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from ..data import Batch


class PrintPredictions(Callback):
    """Prints a JSON object for each thing that was asked: the question, and what the task says to it."""

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, *indices: int
    ) -> None:
        """In their order, as they come; every rank has them all, and one prints."""
        if trainer.is_global_zero:
            for sample, answer in zip(batch.samples.max(1).values.tolist(), outputs, strict=True):
                row = trainer.datamodule.row("predict", sample)  # type: ignore[attr-defined]
                print(json.dumps({**row, **answer}, ensure_ascii=False), flush=True)
