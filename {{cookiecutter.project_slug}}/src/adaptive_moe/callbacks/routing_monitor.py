"""Where the tokens go: experts per token, tokens per expert, and what that costs."""

from typing import Any

import torch
from jaxtyping import Float, Int
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from ..data import Batch
from ..errors import RunError
from ..model import flops_per_token
from ..moe import Routing

NEVER = 2**62


class RoutingMonitor(Callback):
    """Logs the routing of the steps since the last log, summed over all ranks; stops a run whose router overflows.

    Tags: `routing/experts_per_token`, `routing/layer_<i>/experts_per_token`, both means over real
    tokens, `routing/layer_<i>/tokens_per_expert/<e>`, tokens in a step, and `routing/flops_per_token`.

    Raises:
        RunError: The logits of a layer are not finite; noticed at the next log, without a wait in between.
    """

    def __init__(self) -> None:
        self.logged_step = 0
        self.reset()

    def reset(self) -> None:
        """Count anew."""
        self.loads = self.tokens = torch.tensor(0)
        self.overflow = torch.tensor(NEVER)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has logged the steps before."""
        self.logged_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add this batch up; log on the steps on which Lightning does."""
        routings: dict[str, Routing] = outputs["routings"]
        if routings:
            self.count(routings, trainer.global_step)
        steps = trainer.global_step - self.logged_step
        interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
        if steps and interval and trainer.global_step % interval == 0:
            values = self.scalars(trainer, list(routings), steps) if routings else {}
            used = {name: values[f"routing/{name}/experts_per_token"] for name in routings}
            source_length = batch.source.ids.shape[1] if batch.source else 0
            flops = flops_per_token(pl_module.model, batch.ids.shape[1], used, source_length)  # type: ignore[arg-type]
            pl_module.log_dict({**values, "routing/flops_per_token": flops}, rank_zero_only=True)
            self.logged_step = trainer.global_step
            self.reset()

    def count(self, routings: dict[str, Routing], step: int) -> None:
        """Add a batch up; nothing here waits for the device."""
        self.loads = self.loads + torch.stack([routing.tokens_per_expert for routing in routings.values()])
        self.tokens = self.tokens + torch.stack([routing.mask.sum() for routing in routings.values()])
        finite = torch.stack([routing.logits.isfinite().all() for routing in routings.values()])
        self.overflow = torch.minimum(self.overflow.to(finite.device), torch.where(finite, NEVER, step))

    def scalars(self, trainer: Trainer, names: list[str], steps: int) -> dict[str, Tensor]:
        """Of all ranks, since the last log."""
        refuse_overflow(trainer.strategy.reduce(self.overflow, reduce_op="min"), names)
        loads, tokens = (trainer.strategy.reduce(count, reduce_op="sum") for count in (self.loads, self.tokens))
        mean = loads.sum() / tokens.sum()
        return {"routing/experts_per_token": mean, **layer_scalars(names, loads.float(), tokens, steps)}


def refuse_overflow(first_step: Int[Tensor, " layers"], names: list[str]) -> None:
    """Raise for the layer that overflowed first."""
    step, layer = first_step.min(0)
    if step < NEVER:
        raise RunError(
            f"the router's logits of {names[int(layer)]} are not finite in step {int(step)}; "
            "lower --model.optimizer.lr, or raise --model.aux_loss.router_z_weight, for example to 0.001"
        )


def layer_scalars(
    names: list[str], loads: Float[Tensor, "layers experts"], tokens: Int[Tensor, " layers"], steps: int
) -> dict[str, Tensor]:
    """The tags of every layer."""
    values = {}
    for name, load, count in zip(names, loads, tokens, strict=True):
        values[f"routing/{name}/experts_per_token"] = load.sum() / count
        values |= {f"routing/{name}/tokens_per_expert/{e}": each / steps for e, each in enumerate(load)}
    return values
