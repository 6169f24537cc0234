"""Fully sharded data parallelism (FSDP2) as one of Lightning's strategies."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from ..errors import RunError
from ..model import Block
from ..tasks import Task
from ..tasks.optimisation import gradient_norm
from .expert_parallel import ExpertParallel
from .shards import check_precision, convert, full, weights_of


class FullySharded(DDPStrategy):
    """Each rank keeps a part of every weight, gradient and optimiser state; a block is whole only while it computes.

    What is outside the blocks (embeddings, the last norm, a head) is whole from a forward pass to its backward (Zhao
    et al. 2023, arXiv 2304.11277; torch's `fully_shard`). Losses, gradients and their norm are those of DDP, up to
    rounding. A validation gathers the model once, since ranks that write answers take unequal numbers of steps. The
    model is built whole on the host of each rank, and then divided.

    Checkpoints are those of one process: gathered, one tensor after the other, and written by rank 0. Any number
    of ranks goes on from them.
    """

    @property
    def sharded(self) -> set[nn.Parameter]:
        """Weights that are not divided here, since each rank has others of them."""
        return set()

    def check(self, model: nn.Module) -> None:
        """Before any process is started.

        Raises:
            RunError: Ranks would scale their losses differently.
        """
        check_precision(self.precision_plugin.precision)

    def setup_environment(self) -> None:
        """Before weights are read.

        Raises:
            RunError: An earlier run has divided the model, which torch cannot undo.
        """
        assert self.lightning_module is not None
        if self.shards:
            raise RunError("an earlier run has divided this model; build it anew, and give that run's checkpoint")
        super().setup_environment()

    def configure_ddp(self) -> None:
        """Divide the weights, as they are on rank 0, in place of DDP's wrapper."""
        assert self.lightning_module is not None
        model, apart = self.lightning_module, self.sharded
        for tensor in (each for each in (*model.parameters(), *model.buffers()) if each not in apart):
            torch.distributed.broadcast(tensor.data, 0)
        blocks = [module for module in model.modules() if isinstance(module, Block)]
        for module in (*blocks, *(child for child in model.children() if list(child.parameters()))):
            fully_shard(module, reshard_after_forward=isinstance(module, Block), ignored_params=apart)

    @property
    def shards(self) -> list[FSDPModule]:
        """The modules whose weights are gathered together."""
        assert self.lightning_module is not None
        return [module for module in self.lightning_module.modules() if isinstance(module, FSDPModule)]

    def on_validation_start(self) -> None:
        """Gather everything, to stay."""
        for module in self.shards:
            module.set_reshard_after_forward(False, recurse=False)
            module.unshard()

    def on_validation_end(self) -> None:
        """Keep a part again."""
        for module in self.shards:
            module.set_reshard_after_forward(isinstance(module, Block), recurse=False)
            module.reshard()

    def gradient_norm(self, parameters: Iterable[nn.Parameter]) -> Float[Tensor, ""]:
        """Over all parts."""
        return full(gradient_norm(parameters))

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Whole on rank 0, which writes it."""
        return {name: self.kept(value) for name, value in super().lightning_module_state_dict().items()}

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Whole on rank 0."""
        return convert(super().optimizer_state(optimizer), lambda _, value: self.kept(value))

    def kept(self, value: Any) -> Any:
        """Whole on rank 0's host; the others ask along, and forget it."""
        if not isinstance(value, DTensor):
            return value
        everything = full(value)
        return everything.cpu() if self.is_global_zero else None

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """This rank's part of it."""
        saved = zip(self.optimizers, checkpoint["optimizer_states"], strict=True)
        states = [convert(state, partial(distributed_like, weights_of(optimizer))) for optimizer, state in saved]
        super().load_optimizer_state_dict({**checkpoint, "optimizer_states": states})


class ExpertFullySharded(ExpertParallel, FullySharded):
    """Experts divided over the ranks as by `ExpertParallel`, and every other weight as by `FullySharded`."""

    def check(self, model: nn.Module) -> None:
        """Before any process is started.

        Raises:
            RunError: As `ExpertParallel`, or the optimiser is fused.
        """
        super().check(model)
        if isinstance(model, Task) and model.optimizer([nn.Parameter(torch.zeros(1))]).defaults.get("fused"):
            raise RunError(
                "the optimizer is fused, and takes no experts of one rank beside parts of all other weights; add "
                "--model.optimizer.fused false"
            )


def distributed_like(weights: Sequence[nn.Parameter], index: int, value: Any) -> Any:
    """This rank's part of what has the shape of its weight: a moment, and no count of steps."""
    weight = weights[index]
    if isinstance(weight, DTensor) and isinstance(value, Tensor) and value.shape == weight.shape:
        return distribute_tensor(value.to(weight.device), weight.device_mesh, weight.placements)
    return value
