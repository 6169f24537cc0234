"""What `predict` shows."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class PrintPredictions(Callback):
    """Prints each predicted text."""

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *indices: int
    ) -> None:
        """Ids back to text."""
        for ids in outputs if trainer.is_global_zero else ():
            print(trainer.datamodule.decode(ids), flush=True)  # type: ignore[attr-defined]
