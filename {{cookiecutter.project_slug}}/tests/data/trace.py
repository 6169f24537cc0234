"""A callback that writes down what training does, to the bit, and may kill it."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from adaptive_moe.data import Batch
from adaptive_moe.moe import MarginGating


class Killed(BaseException):
    """No library catches it."""


class Trace(Callback):
    """One line for each batch, each validation, and the end; `kill_at` is the batch that is not begun any more."""

    def __init__(self, file: str, kill_at: int = -1, hard: bool = False) -> None:
        self.file, self.kill_at, self.hard = file, kill_at, hard

    def write(self, trainer: Trainer, **values: Any) -> None:
        with Path(f"{self.file}-{trainer.global_rank}.jsonl").open("a") as lines:
            lines.write(json.dumps({"batch": trainer.fit_loop.total_batch_idx, **values}) + "\n")

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int) -> None:
        if trainer.fit_loop.total_batch_idx == self.kill_at:
            if self.hard:
                os._exit(9)
            raise Killed

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        counts = sorted(Counter(batch.samples[batch.mask].tolist()).items())
        ids = hashlib.sha256(batch.ids.numpy().tobytes()).hexdigest()
        epoch, loss = trainer.current_epoch, float(outputs["loss"])
        self.write(trainer, epoch=epoch, loss=loss.hex(), samples=counts, ids=ids)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.sanity_checking:
            self.write(trainer, validation=float(trainer.callback_metrics["val/loss"]).hex())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        weights = torch.cat([value.detach().flatten().float() for value in pl_module.state_dict().values()])
        thresholds = [float(m.threshold).hex() for m in pl_module.modules() if isinstance(m, MarginGating)]
        self.write(trainer, weights=hashlib.sha256(weights.numpy().tobytes()).hexdigest(), thresholds=thresholds)


def read(file: str, rank: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(f"{file}-{rank}.jsonl").read_text().splitlines()]
