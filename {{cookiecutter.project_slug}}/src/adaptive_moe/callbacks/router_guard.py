"""Ends a run whose routers overflow."""

from typing import Any

import torch
from jaxtyping import Float
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..errors import RunError
from ..moe import Routing
from ..ranks import sum_over_ranks
from .log_steps import logs_now


class RouterGuard(Callback):
    """Looks at the logits of every step, and tells at the next log, so that no step waits for the device.

    Raises:
        RunError: The logits of a layer are not finite.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Nothing has happened yet."""
        self.logged_step = trainer.global_step
        self.sums: list[Float[Tensor, " layers"]] = []  # of all logits of a batch: finite if they are
        self.steps: list[int] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep a number for each layer; look at them when it is time to log."""
        routings: dict[str, Routing] = outputs["routings"]
        if not routings or not trainer.log_every_n_steps:  # type: ignore[attr-defined]
            return
        self.sums.append(torch.stack([routing.logits.sum() for routing in routings.values()]))
        self.steps.append(trainer.global_step)
        if logs_now(trainer, self.logged_step):
            self.logged_step = trainer.global_step
            broken = sum_over_ranks((~torch.stack(self.sums).isfinite()).long()).nonzero()
            if len(broken):
                batch, layer = broken[0].tolist()  # the earliest batch, and in it the first layer
                raise RunError(
                    f"the router's logits of {list(routings)[layer]} are not finite in step {self.steps[batch]}; "
                    "lower --model.optimizer.lr, or raise --model.aux_loss.router_z_weight, for example to 0.001"
                )
            self.sums, self.steps = [], []
