"""The steps of training, whatever the task: the optimiser, its schedule, its gradients, and chance."""

import os

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from ..data import Batch
from .accumulation import Accumulation
from .optimisation import groups, norm_of, share_of_peak


class Trained(LightningModule):
    """Every step weighs each token alike, and draws what it would draw in a run that was never interrupted.

    Args:
        optimizer: Called with the parameters: a group of weights, and one of norms and biases, which do not decay.
        warmup_steps: Steps over which the learning rate rises; after them it falls along a cosine to a tenth.

    Raises:
        ValueError: The optimiser refuses its settings, before any work is done.
    """

    def __init__(self, optimizer: OptimizerCallable, warmup_steps: int) -> None:
        super().__init__()
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps is {warmup_steps}; choose 0 (none) or more")
        optimizer([nn.Parameter(torch.zeros(1))])
        self.optimizer, self.warmup_steps = optimizer, warmup_steps
        self.gradient_norm: Tensor | None = None  # before it was clipped, in the last step; None where it is not known
        self.accumulation = Accumulation()

    def on_train_start(self) -> None:
        """Nothing has been gathered yet."""
        self.accumulation = Accumulation()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """A run that continues draws what it would have drawn."""
        self.seed(self.trainer.fit_loop.total_batch_idx)

    def on_validation_batch_start(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Every validation draws the same."""
        self.seed(batch_idx)

    on_test_batch_start = on_validation_batch_start

    def seed(self, number: int) -> None:
        """Chance in a batch depends on the run's seed, the batch and the rank, not on what was drawn before."""
        seed = int(os.environ.get("PL_GLOBAL_SEED", 0))  # where Lightning's seed_everything leaves it
        torch.manual_seed(((seed * 1_000_003 + number) * 4096 + self.global_rank) % 2**63)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Now it is known how many tokens the step has."""
        self.accumulation.put_right(self.parameters(), self.trainer.accumulate_grad_batches)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Warm-up, then a cosine over the steps of the run."""
        optimizer = self.optimizer(groups(self))
        total = max(self.trainer.estimated_stepping_batches, 1)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: share_of_peak(step, self.warmup_steps, total)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Keep the norm; and Lightning refuses a fused optimiser under bfloat16 too, where no gradient is scaled."""
        norm = norm_of(self.trainer)
        self.gradient_norm = norm(self.parameters()) if norm else None
        if gradient_clip_val and self.gradient_norm is not None and gradient_clip_algorithm in (None, "norm"):
            distributed = any(isinstance(parameter, DTensor) for parameter in self.parameters())
            foreach = False if distributed else None  # torch scales no list that has plain and distributed tensors
            nn.utils.clip_grads_with_norm_(self.parameters(), gradient_clip_val, self.gradient_norm, foreach)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
