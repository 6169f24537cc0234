"""What `predict` shows."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class PrintPredictions(Callback):
    """Prints the predicted texts when all are there, below the progress bar."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def on_predict_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, *indices: int
    ) -> None:
        """Ids back to text."""
        self.texts += map(trainer.datamodule.decode, outputs)  # type: ignore[attr-defined]

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """On one rank."""
        if trainer.is_global_zero:
            print("", *self.texts, sep="\n", flush=True)
