"""Difficulty by asking: a pass over the samples before each epoch."""

import torch
from lightning.pytorch import LightningModule, Trainer

from ..data import Difficulty, Samples, Slice
from ..tasks import Task
from .counting import Counting, count


class ScoringPass(Counting):
    """Routes the samples of the epoch ahead through the model as it is, without gradients.

    All samples are judged by the same weights, and those of a window before they are trained on; it costs about a
    third of training on them. The first epoch has none: routers that have learnt nothing judge nothing.
    """

    asks = True

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Let the curriculum ask."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            trainer.datamodule.curriculum.score = lambda *what: self.score(trainer, *what)  # type: ignore[attr-defined]

    def score(self, trainer: Trainer, samples: Samples | Slice, difficulty: Difficulty) -> None:
        """Count two-expert tokens; the ranks share the samples."""
        task: Task = trainer.lightning_module  # type: ignore[assignment]
        training = task.training
        task.eval()
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for number, batch in enumerate(trainer.datamodule.in_turn(samples)):  # type: ignore[attr-defined]
                task.seed(number)  # a run that goes on behind an epoch draws the same
                batch = trainer.strategy.batch_to_device(batch)
                count(difficulty, task.read(batch)[1], batch)
        task.train(training)
