"""Ends a run whose routers overflow."""

from typing import Any

import torch
from jaxtyping import Int
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..errors import RunError
from ..moe import Routing
from .log_steps import logs_now

NEVER = 2**62


class RouterGuard(Callback):
    """Looks at the logits of every step, and tells at the next log, so that no step waits for the device.

    Raises:
        RunError: The logits of a layer are not finite.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Nothing has happened yet."""
        self.logged_step = trainer.global_step
        self.overflow: Int[Tensor, "*layers"] = torch.tensor(NEVER)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note the first step of each layer."""
        routings: dict[str, Routing] = outputs["routings"]
        if not routings:
            return
        finite = torch.stack([routing.logits.isfinite().all() for routing in routings.values()])
        bad = torch.where(finite, NEVER, trainer.global_step)
        self.overflow = torch.minimum(self.overflow.to(finite.device), bad)
        if logs_now(trainer, self.logged_step):
            self.logged_step = trainer.global_step
            refuse_overflow(trainer.strategy.reduce(self.overflow, reduce_op="min"), list(routings))


def refuse_overflow(first_step: Int[Tensor, " layers"], names: list[str]) -> None:
    """Raise for the layer that overflowed first."""
    step, layer = first_step.min(0)
    if step < NEVER:
        raise RunError(
            f"the router's logits of {names[int(layer)]} are not finite in step {int(step)}; "
            "lower --model.optimizer.lr, or raise --model.aux_loss.router_z_weight, for example to 0.001"
        )
