"""A progress bar that shows what matters."""

import sys
from contextlib import redirect_stdout
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
        monitors = [getattr(callback, "monitor", None) for callback in trainer.checkpoint_callbacks]
        shown |= {monitor: monitor.replace("/", " ") for monitor in monitors if monitor}
        return {name: f"{float(metrics[tag]):.4g}" for tag, name in shown.items() if tag in metrics}

    def init_predict_tqdm(self) -> Tqdm:
        """Beside the predictions, which may be written to a file, not among them."""
        with redirect_stdout(sys.stderr):
            return super().init_predict_tqdm()
