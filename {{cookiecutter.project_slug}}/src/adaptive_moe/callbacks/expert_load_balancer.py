"""Balances the experts, and shows how they are used."""

from typing import Any

import torch
from jaxtyping import Float
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from ..data import Batch
from ..model import Decoder, Encoder, EncoderDecoder, flops_per_token
from ..moe import Routing
from ..ranks import sum_over_ranks
from .load_history import LoadHistory
from .load_warnings import LoadWarnings, remedy
from .loads import Loads, balance
from .log_steps import log, logs_now
from .steering import routers_of


class ExpertLoadBalancer(Callback):
    """Counts the tokens of each expert over all ranks, and evens them out where routers have a selection bias.

    After every optimiser step a bias moves up where its expert took less than its share, else down (Wang et al. 2024,
    arXiv 2408.15664). Set `--model.moe.selection_bias true` for that; without, this callback watches. Either way it
    warns when an expert is dead or a layer has collapsed.

    Tags, of what was counted since the last log: `routing/experts_per_token`, `_min` and `_max` over layers;
    `routing/flops_per_token`, `routing/flops_over_top_2`; for each layer, below `routing/layer_<i>/`, its
    `experts_per_token`, `max_over_mean_load`, `load_cv`, `load_entropy`, `idle_experts`, `tokens_per_expert_mean`,
    `_min` and `_max` in a step, and the image `load`.

    Args:
        rate: How far a bias moves in a step; scores lie between 0 and 1.
    """

    def __init__(self, rate: float = 0.001) -> None:
        if not rate > 0:
            raise ValueError(f"rate is {rate}; choose more than 0, or to watch only: --model.moe.selection_bias false")
        self.rate = rate
        self.history, self.warnings, self.names = LoadHistory(), LoadWarnings(), list[str]()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the biases."""
        self.routers = routers_of(pl_module)
        self.biased = any(router.bias is not None for router in self.routers)
        if not self.routers and stage == "fit" and trainer.is_global_zero:
            print("The model has no experts: there is no load to balance, and no routing to look at.", flush=True)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has logged the steps before."""
        self.loads, self.moved = Loads(), torch.tensor(0)
        self.moved_step = self.logged_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Add this batch up; move once an optimiser step; log on the steps on which Lightning does."""
        routings: dict[str, Routing] = outputs["routings"]
        if routings:
            self.loads.add(routings)
        if routings and trainer.global_step != self.moved_step:
            self.move()
            self.moved_step = trainer.global_step
        if logs_now(trainer, self.logged_step):
            used = self.report(trainer, pl_module, list(routings)) if routings else {}
            spent, top_two = (flops(pl_module, batch, each) for each in (used, dict.fromkeys(used, 2.0)))
            costs = {"routing/flops_per_token": spent, "routing/flops_over_top_2": spent / top_two}
            log(trainer, costs)
            self.logged_step, self.moved = trainer.global_step, torch.tensor(0)

    def move(self) -> None:
        """By the loads since the last move; alike on all ranks."""
        if self.biased:
            loads = sum_over_ranks((self.loads.counts - self.moved)[:, :-1].float())
            self.moved = self.loads.counts
            for router, load in zip(self.routers, loads, strict=True):
                router.move_bias(load, self.rate)

    def report(self, trainer: Trainer, pl_module: LightningModule, names: list[str]) -> dict[str, float]:
        """In numbers, and in words where something is wrong; experts per token of each layer."""
        load, tokens = self.loads.take()
        values = scalars(names, load, tokens, trainer.global_step - self.logged_step)
        log(trainer, values)
        self.history.add(load)
        for sentence in self.warnings.look(names, load, trainer.global_step, remedy(self.routers)):
            pl_module.print(sentence)
        self.names = names
        return dict(zip(names, (load.sum(1) / tokens).tolist(), strict=True))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the loads up to here."""
        if trainer.is_global_zero and isinstance(trainer.logger, TensorBoardLogger):
            for layer, name in enumerate(self.names):
                image, tag = self.history.image(layer), f"routing/{name}/load"
                trainer.logger.experiment.add_image(tag, image, trainer.global_step, dataformats="HWC")

    def state_dict(self) -> dict[str, Any]:
        """What images and warnings look back on."""
        return {"history": self.history.state_dict(), "warnings": self.warnings.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on."""
        self.history.load_state_dict(state_dict["history"])
        self.warnings.load_state_dict(state_dict["warnings"])


def scalars(
    names: list[str], load: Float[Tensor, "layers experts"], tokens: Float[Tensor, " layers"], steps: int
) -> dict[str, Tensor]:
    """By their tags."""
    used = load.sum(1) / tokens
    values = {
        "routing/experts_per_token": load.sum() / tokens.sum(),
        "routing/experts_per_token_min": used.min(),
        "routing/experts_per_token_max": used.max(),
    }
    per_step = load / steps
    of_layers = {
        "experts_per_token": used,
        **balance(load),
        "tokens_per_expert_mean": per_step.mean(1),
        "tokens_per_expert_min": per_step.min(1).values,
        "tokens_per_expert_max": per_step.max(1).values,
    }
    for layer, name in enumerate(names):
        values |= {f"routing/{name}/{tag}": value[layer] for tag, value in of_layers.items()}
    return values


def flops(pl_module: LightningModule, batch: Batch, used: dict[str, float]) -> float:
    """Of a token forward, at this batch's length."""
    source_length = batch.source.ids.shape[1] if batch.source else 0
    model: Encoder | Decoder | EncoderDecoder = pl_module.model  # type: ignore[assignment]
    return flops_per_token(model, batch.ids.shape[1], used, source_length)
