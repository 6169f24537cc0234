"""What the batches are made of, and where in the data training is."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..data import Batch, Difficulty, TextDataModule
from ..ranks import sum_over_ranks
from .log_steps import log, logs_now


class DataMonitor(Callback):
    """Logs how full the batches since the last log were, how much of the epoch is done, and how difficult the batch is.

    Tags, over all ranks: `data/padding_share`; `data/tokens_per_step`; `data/epoch_fraction`, where an epoch has an
    end; `data/difficulty`, where something tells the order how difficult samples are: the share of tokens on two
    experts, over layers and the samples of the batch, as the order knew it.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has logged the steps before."""
        self.counts, self.logged_step = torch.zeros(2, dtype=torch.int64), trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add this batch up; log on the steps on which Lightning does."""
        places = torch.tensor(sum(samples.numel() for samples in batch.stacks.values()), device=batch.ids.device)
        self.counts = self.counts.to(places.device) + torch.stack([places - batch.num_tokens, places])
        if logs_now(trainer, self.logged_step):
            steps, self.logged_step = trainer.global_step - self.logged_step, trainer.global_step
            empty, places = sum_over_ranks(self.counts)
            self.counts = torch.zeros_like(self.counts)
            values = {"data/padding_share": empty / places, "data/tokens_per_step": (places - empty) / steps}
            values |= epoch_fraction(trainer)
            data = trainer.datamodule  # type: ignore[attr-defined]
            if isinstance(data, TextDataModule) and data.curriculum:
                values |= mean_difficulty(data.curriculum.difficulty, batch)
            log(trainer, values)


def epoch_fraction(trainer: Trainer) -> dict[str, Tensor]:
    """Between 0 and 1; nothing where an epoch has no end."""
    done, batches = trainer.fit_loop.epoch_loop.batch_progress.current.ready, trainer.num_training_batches
    return {"data/epoch_fraction": torch.tensor(done / batches)} if batches < float("inf") else {}


def mean_difficulty(difficulty: Difficulty, batch: Batch) -> dict[str, Tensor]:
    """Over the samples of all ranks' batches; nothing where none is known."""
    known = difficulty.known(torch.unique(batch.samples[batch.mask]))
    total, number = sum_over_ranks(torch.tensor([known.sum(), len(known)]))
    return {"data/difficulty": total / number} if number else {}
