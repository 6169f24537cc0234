"""A progress bar that shows what matters."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar

SHOWN = {
    "train/loss": "loss",
    "train/perplexity": "perplexity",
    "routing/experts_per_token": "experts/token",
    "val/perplexity": "val perplexity",
}


class MoEProgressBar(TQDMProgressBar):
    """Loss, perplexity, experts per token and the last validation, under short names."""

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """What stands behind the bar."""
        metrics: dict[str, Any] = {**trainer.callback_metrics, **trainer.progress_bar_metrics}
        return {name: f"{float(metrics[tag]):.4g}" for tag, name in SHOWN.items() if tag in metrics}
