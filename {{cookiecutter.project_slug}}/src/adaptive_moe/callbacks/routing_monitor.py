"""Where the tokens go: experts per token and tokens per expert."""

from typing import Any

import torch
from jaxtyping import Float, Int
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..moe import Routing


class RoutingMonitor(Callback):
    """Logs the routing of the steps since the last log, summed over all ranks.

    Tags: `routing/experts_per_token`, `routing/layer_<i>/experts_per_token`, both means over real
    tokens, and `routing/layer_<i>/tokens_per_expert/<e>`, tokens in a step.
    """

    def __init__(self) -> None:
        self.logged_step = 0
        self.reset()

    def reset(self) -> None:
        """Count anew."""
        self.loads = self.tokens = torch.tensor(0)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has logged the steps before."""
        self.logged_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add this batch up; log on the steps on which Lightning does."""
        routings: list[Routing] = outputs["routings"]
        self.loads = self.loads + torch.stack([routing.tokens_per_expert for routing in routings])
        self.tokens = self.tokens + self.loads.new_tensor(len(routings[0].selected))
        steps = trainer.global_step - self.logged_step
        interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if steps and interval and trainer.global_step % interval == 0:
            loads, tokens = (trainer.strategy.reduce(count, reduce_op="sum") for count in (self.loads, self.tokens))
            mean = loads.sum() / len(loads) / tokens
            pl_module.log("routing/experts_per_token", mean, prog_bar=True, rank_zero_only=True)
            pl_module.log_dict(layer_scalars(loads.float(), tokens, steps), rank_zero_only=True)
            self.logged_step = trainer.global_step
            self.reset()


def layer_scalars(loads: Float[Tensor, "layers experts"], tokens: Int[Tensor, ""], steps: int) -> dict[str, Tensor]:
    """The tags of every layer."""
    values = {}
    for i, load in enumerate(loads):
        values[f"routing/layer_{i}/experts_per_token"] = load.sum() / tokens
        values |= {f"routing/layer_{i}/tokens_per_expert/{e}": count / steps for e, count in enumerate(load)}
    return values
