"""Balances the load of the experts without a loss."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from ..errors import RunError
from ..ranks import sum_over_ranks
from .steering import Steering, routers_of


class ExpertLoadBalancer(Steering):
    """Moves each expert's selection bias after every optimiser step: up where it took less than its share, else down.

    Wang et al. 2024 (arXiv 2408.15664), with the loads of all ranks. The bias lies in the model, so
    that checkpoints keep it.

    Args:
        rate: How far a bias moves in a step; scores lie between 0 and 1.
    """

    def __init__(self, rate: float = 0.001) -> None:
        if not rate > 0:
            raise ValueError(f"rate is {rate}; a bias that never moves balances nothing: choose more than 0")
        self.rate = rate

    def attach(self, pl_module: LightningModule) -> None:
        """Find the biases."""
        self.routers = routers_of(pl_module)
        if not self.routers or any(router.bias is None for router in self.routers):
            raise RunError("selection_bias is false; the load balancer moves it: set --model.moe.selection_bias true")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Loads are counted from one optimiser step to the next."""
        self.step, self.loads = trainer.global_step, torch.tensor(0)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One move a step, alike on all ranks."""
        self.loads = self.loads + torch.stack([routing.tokens_per_expert for routing in outputs["routings"].values()])
        if trainer.global_step != self.step:
            for router, load in zip(self.routers, sum_over_ranks(self.loads.float()), strict=True):
                router.move_bias(load, self.rate)
            self.step, self.loads = trainer.global_step, torch.tensor(0)
