"""A progress bar that shows what matters."""

import sys
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm


class MoEProgressBar(TQDMProgressBar):
    """Loss, experts per token and the last validation's best-known metric, under short names."""

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """What stands behind the bar."""
        metrics: dict[str, Any] = {**trainer.callback_metrics, **trainer.progress_bar_metrics}
        shown = {"train/loss": "loss", "routing/experts_per_token": "experts/token"}
        monitor = getattr(trainer.checkpoint_callback, "monitor", None)
        if monitor:
            shown[monitor] = monitor.replace("/", " ")
        return {name: f"{float(metrics[tag]):.4g}" for tag, name in shown.items() if tag in metrics}

    def init_predict_tqdm(self) -> Tqdm:
        """Beside the predictions, which may be written to a file, not among them."""
        bar = super().init_predict_tqdm()
        bar.fp = sys.stderr
        return bar
