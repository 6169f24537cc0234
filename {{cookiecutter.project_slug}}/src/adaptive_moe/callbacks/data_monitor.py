"""What the batches are made of."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from ..data import Batch
from ..ranks import sum_over_ranks
from .log_steps import logs_now


class DataMonitor(Callback):
    """Logs `data/padding_share`: how much of the batches since the last log was empty, over all ranks."""

    def __init__(self) -> None:
        self.counts, self.logged_step = torch.zeros(2, dtype=torch.int64), -1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add this batch up; log on the steps on which Lightning does."""
        places = torch.tensor(sum(samples.numel() for samples in batch.stacks.values()), device=batch.ids.device)
        self.counts = self.counts.to(places.device) + torch.stack([places - batch.num_tokens, places])
        if logs_now(trainer, self.logged_step):
            self.logged_step = trainer.global_step
            empty, places = sum_over_ranks(self.counts)
            pl_module.log("data/padding_share", empty / places, rank_zero_only=True)
            self.counts = torch.zeros_like(self.counts)
