"""A callback with which a rank hangs, dies or fails."""

import os
import time
from typing import Any, Literal

from lightning.pytorch import Callback, Trainer


class Falls(Callback):
    """On the second of two ranks, in the fourth batch."""

    def __init__(self, how: Literal["sleeps", "dies", "raises"]) -> None:
        self.how = how

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_rank == 1 and trainer.global_step == 3:
            if self.how == "sleeps":
                time.sleep(600)
            if self.how == "dies":
                os._exit(9)
            raise OSError("a fault")
