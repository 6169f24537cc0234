"""Holds the experts per token at a goal."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer

from ..errors import RunError
from ..moe import MarginGating, move_threshold
from .log_steps import log, logs_now
from .steering import Steering, routers_of

RATE = 0.1


class ComputeBudget(Steering):
    """Moves the gating threshold (T or p) so that a token uses `experts_per_token` experts on average.

    After every batch the threshold goes a tenth of the way to where it would have met the goal on that
    batch, weighed over ranks by their tokens. It follows a router that sharpens with a delay of about
    ten batches. There is no gain on an error that could be set too high: what it goes to is found, not tried.

    It has its place in checkpoints, from which it is restored for evaluation and export too.

    Tags: `routing/threshold`, `routing/target_experts_per_token`.

    Args:
        experts_per_token: The mean over real tokens and layers, at least 1 and at most what the policy can give.
    """

    def __init__(self, experts_per_token: float) -> None:
        if not experts_per_token >= 1:
            raise ValueError(f"experts_per_token is {experts_per_token}; every token has an expert: choose 1 or more")
        self.experts_per_token = experts_per_token

    def attach(self, pl_module: LightningModule) -> None:
        """Find the threshold; a dense model has none, and nothing is moved."""
        self.gating: MarginGating | None = None
        routers = routers_of(pl_module)
        if not routers:
            return
        gating = routers[0].gating  # one policy serves all layers
        if not isinstance(gating, MarginGating):
            name = type(gating).__name__
            raise RunError(f"gating is {name}; a compute budget moves a threshold: choose Threshold or TopP")
        most = gating.max_experts or routers[0].linear.out_features
        if self.experts_per_token > most:
            raise RunError(
                f"experts_per_token is {self.experts_per_token}; a token gets at most {most}: choose 1 to {most}"
            )
        self.gating = gating

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that continues has logged the steps before."""
        self.logged_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One move."""
        if self.gating is None:
            return
        move_threshold(self.gating, list(outputs["routings"].values()), self.experts_per_token, RATE)
        if logs_now(trainer, self.logged_step):
            self.logged_step = trainer.global_step
            goal = {"routing/target_experts_per_token": self.experts_per_token}
            log(trainer, {"routing/threshold": self.gating.threshold, **goal})

    def state_dict(self) -> dict[str, float]:
        """Where the threshold is."""
        return {"threshold": float(self.gating.threshold)} if self.gating else {}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Where it was."""
        if self.gating:
            self.gating.threshold.fill_(state_dict["threshold"])
