"""What a run shows while it runs."""

import datetime
import math
import sys
import time
from contextlib import redirect_stdout
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm

from .log_steps import logs_now
from .run_values import last_values, monitored

SHOWN = {"train/loss": "loss", "routing/experts_per_token": "experts/token", "time/tokens_per_second": "tokens/s"}


class MoEProgressBar(TQDMProgressBar):
    """Loss, experts per token, tokens per second, the last value of the metric that is monitored, and the time left.

    Where the output is a file or a pipe, which no bar can be drawn in: a line after each validation.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """No bar without a terminal."""
        super().setup(trainer, pl_module, stage)
        self.shown: dict[str, str] = {}
        self.read_step = -1
        if not (sys.stderr if stage == "predict" else sys.stdout).isatty():
            self.disable()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The clock of what is left."""
        super().on_train_start(trainer, pl_module)
        self.started, self.first_step = time.monotonic(), trainer.global_step

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """What stands behind the bar; renewed when Lightning logs, since to look in every step would wait for a GPU."""
        if not trainer.training or logs_now(trainer, self.read_step):
            shown = SHOWN | {monitor: monitor.replace("/", " ") for monitor in monitored(trainer)}
            values = last_values(trainer, *shown)
            self.shown = {shown[tag]: number(value) for tag, value in values.items()}
            self.read_step = trainer.global_step
        return {**self.shown, "left": self.left(trainer)} if trainer.training else self.shown

    def left(self, trainer: Trainer) -> str:
        """Hours, minutes and seconds, validations included, if steps go on as they went."""
        done, total = trainer.global_step - self.first_step, trainer.estimated_stepping_batches
        if not done or math.isinf(total):
            return "?"
        seconds = (time.monotonic() - self.started) / done * (total - trainer.global_step)
        return str(datetime.timedelta(seconds=round(seconds)))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A line where there is no bar."""
        super().on_validation_end(trainer, pl_module)
        if self.is_disabled and trainer.is_global_zero and trainer.state.fn == "fit" and not trainer.sanity_checking:
            values = {**self.get_metrics(trainer, pl_module), "left": self.left(trainer)}
            words = ", ".join(f"{name} {value}" for name, value in values.items())
            print(f"step {trainer.global_step}: {words}", flush=True)

    def init_predict_tqdm(self) -> Tqdm:
        """Beside the predictions, which may be written to a file, not among them."""
        with redirect_stdout(sys.stderr):
            return super().init_predict_tqdm()


def number(value: float) -> str:
    """In few digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
