"""Difficulty for free: what training sees of the routing anyway."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from ..data import Batch, Difficulty, DifficultySource
from ..errors import RunError
from ..moe import Routing
from .steering import Steering, routers_of


class RoutingDifficulty(Steering, DifficultySource):
    """Counts, for every sample and layer, the tokens that use two experts; the next epoch is ordered by them.

    A sample is judged by the model as it was when it had its turn.
    """

    def attach(self, pl_module: LightningModule) -> None:
        """Refuse a model without routers."""
        need_routers(self, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add the batch up."""
        count(trainer.datamodule.curriculum.difficulty, outputs["routings"], batch)  # type: ignore[attr-defined]


def count(difficulty: Difficulty, routings: dict[str, Routing], batch: Batch) -> None:
    """Put a batch into the counts of the epoch."""
    two_experts = torch.stack([routing.experts_per_token > 1 for routing in routings.values()])
    difficulty.add(two_experts, batch.samples.flatten())


def need_routers(source: DifficultySource, pl_module: LightningModule) -> None:
    """Raise a RunError for a dense model."""
    if not routers_of(pl_module):
        raise RunError(
            f"the model is dense, and {type(source).__name__} counts experts; take another order, "
            "for example --data.order LengthBucketed, without that callback"
        )
