"""What every task shares: the training step, the auxiliary loss, the optimiser and its schedule."""

import math
import os
from abc import abstractmethod
from typing import Any

import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from ..data import Batch
from ..errors import RunError
from ..model import Decoder
from ..moe import AuxLoss, Gating, Routing


class Task(LightningModule):
    """Trains `model` on the loss of a task plus the losses that steer its routers.

    Args:
        model: Gives hidden states and routings.
        optimizer: Called with the parameters.
        aux_loss: Of the routings, beside the task's loss.
        warmup_steps: Steps over which the learning rate rises; after them it falls along a cosine to a tenth.
        compile: Train the model with torch.compile.
    """

    def __init__(
        self,
        model: Decoder,
        optimizer: OptimizerCallable,
        aux_loss: AuxLoss,
        warmup_steps: int,
        compile: bool,  # noqa: A002 - torch's name for it
    ) -> None:
        super().__init__()
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps is {warmup_steps}; choose 0 (none) or more")
        optimizer([nn.Parameter(torch.zeros(1))])  # a bad value is refused here, before any work is done
        for module in model.modules():
            if isinstance(module, Gating) and aux_loss.balances_nothing(module):
                raise ValueError(
                    f"balance_over is {aux_loss.balance_over}, and with {type(module).__name__} no token uses a single "
                    "expert: set --model.aux_loss.balance_over all_choices"
                )
        self.model = model
        self.optimizer, self.aux_loss, self.warmup_steps, self.compiled = optimizer, aux_loss, warmup_steps, compile

    def setup(self, stage: str) -> None:
        """Training sees the same shapes again and again; generation does not."""
        if self.compiled and stage == "fit":
            # the rows that the experts keep for backward are as many as the routing has choices
            torch._dynamo.config.capture_dynamic_output_shape_ops = True
            self.model.compile()

    @abstractmethod
    def loss(self, batch: Batch, stage: str) -> tuple[Float[Tensor, ""], dict[str, Routing]]:
        """The task's own loss, logged as `<stage>/loss` with its metric, and the routing of each layer."""

    @abstractmethod
    def routings(self, batch: Batch) -> dict[str, Routing]:
        """The routing of each layer, and nothing logged."""

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """A run that continues draws what it would have drawn."""
        self.seed(self.trainer.fit_loop.total_batch_idx)

    def on_validation_batch_start(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Every validation draws the same."""
        self.seed(batch_idx)

    def seed(self, number: int) -> None:
        """Chance in a batch depends on the run's seed, the batch and the rank, not on what was drawn before."""
        seed = int(os.environ.get("PL_GLOBAL_SEED", 0))  # where Lightning's seed_everything leaves it
        torch.manual_seed(((seed * 1_000_003 + number) * 4096 + self.global_rank) % 2**63)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The loss to minimise, and the routings, detached, for the callbacks."""
        loss, routings = self.loss(batch, "train")
        aux_loss = self.aux_loss(list(routings.values())).to(loss.device)
        self.log("train/aux_loss", aux_loss)
        return {"loss": loss + aux_loss, "routings": {name: routing.detach() for name, routing in routings.items()}}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log loss and metric."""
        self.loss(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log loss and metric."""
        self.loss(batch, "test")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of another shape before any is copied."""
        mine = {name: tuple(value.shape) for name, value in self.state_dict().items()}
        saved = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
        for name in sorted(mine.keys() | saved.keys()):
            if mine.get(name) != saved.get(name):
                raise RunError(
                    f"the checkpoint has {saved.get(name)} for {name}, and this model {mine.get(name)}; "
                    "give its options, before --ckpt_path: --config <its run>/config.yaml"
                )

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Warm-up, then a cosine over the steps of the run."""
        optimizer = self.optimizer(self.parameters())
        total = max(self.trainer.estimated_stepping_batches, 1)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.learning_rate(step, total))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Lightning refuses a fused optimiser under bfloat16 too, where no gradient is scaled; so clip here."""
        if gradient_clip_val and self.trainer.precision == "bf16-mixed" and gradient_clip_algorithm in (None, "norm"):
            nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def learning_rate(self, step: int, total: int | float) -> float:
        """Share of the peak learning rate at a step."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        done = min((step - self.warmup_steps) / max(total - self.warmup_steps, 1), 1.0)
        return 0.55 + 0.45 * math.cos(math.pi * done)
