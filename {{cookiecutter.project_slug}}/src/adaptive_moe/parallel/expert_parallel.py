"""Expert parallelism as one of Lightning's strategies."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from ..errors import RunError
from ..moe import MoE
from ..ranks import sum_over_ranks
from ..tasks.optimisation import gradient_norm
from .sharded_experts import ShardedExperts, serve
from .shards import check_precision, convert, full, gathered, part, weights_of


class ExpertParallel(DDPStrategy):
    """DDP, but for the experts: each rank has some of every layer's, and tokens travel to them.

    Every rank has batches of its own; losses, gradients and their norm are those of DDP, up to rounding. A rank is
    spared the other ranks' experts: weights, gradients, optimiser state, and the reduction of the gradients. The
    model is built whole on the host of each rank, and then divided.

    Checkpoints are those of one process: gathered, one tensor after the other, and written by rank 0. Any number
    of ranks goes on from them. Its options are those of DDPStrategy.
    """

    experts: tuple[ShardedExperts, ...] = ()

    @property
    def layers(self) -> list[MoE]:
        """That have experts, in their order."""
        assert self.lightning_module is not None
        return moe_layers(self.lightning_module)

    @property
    def sharded(self) -> set[nn.Parameter]:
        """The weights of which each rank has a part of its own."""
        return {weight for each in self.experts for weight in each.parameters()}

    @property
    def sharded_by_name(self) -> dict[str, nn.Parameter]:
        """As the state dict has them."""
        assert self.lightning_module is not None
        named, sharded = self.lightning_module.named_parameters(), self.sharded
        return {name: weight for name, weight in named if weight in sharded}

    def check(self, model: nn.Module) -> None:
        """Before any process is started.

        Raises:
            RunError: There are no experts, or they cannot be divided, or ranks would scale their losses differently.
        """
        numbers = {layer.router.linear.out_features for layer in moe_layers(model)}
        check_division(numbers, self.num_nodes * self.num_processes)
        check_precision(self.precision_plugin.precision)

    def setup_environment(self) -> None:
        """Make whole what an earlier run has divided: weights may be loaded."""
        assert self.lightning_module is not None
        self.check(self.lightning_module)
        super().setup_environment()
        for layer in self.layers:
            if isinstance(layer.experts, ShardedExperts):
                layer.experts = layer.experts.reunited()

    def setup(self, trainer: Trainer) -> None:
        """Divide the experts, as they are on rank 0, before anything asks for the parameters."""
        for number, layer in enumerate(self.layers):
            for weight in layer.experts.parameters():
                weight.data = weight.data.to(self.root_device)
                torch.distributed.broadcast(weight.data, 0)
            layer.experts = ShardedExperts(layer.experts, number, self.global_rank, self.world_size)
        self.experts = tuple(layer.experts for layer in self.layers if isinstance(layer.experts, ShardedExperts))
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(  # type: ignore[no-untyped-call]
            self.lightning_module, list(self.sharded_by_name)
        )
        super().setup(trainer)

    def gradient_norm(self, parameters: Iterable[nn.Parameter]) -> Float[Tensor, ""]:
        """Over all ranks' experts, and over everything else once."""
        sharded, everything = self.sharded, list(parameters)
        mine = gradient_norm(each for each in everything if each in sharded)
        shared = full(gradient_norm(each for each in everything if each not in sharded))
        return (sum_over_ranks(mine.square()) + shared.square()).sqrt()

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Whole on rank 0, which writes it."""
        state = super().lightning_module_state_dict()
        return state | {name: self.whole(weight) for name, weight in self.sharded_by_name.items()}

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Whole on rank 0."""
        return self.moments(optimizer, super().optimizer_state(optimizer), self.whole)

    def whole(self, tensor: Tensor) -> Tensor:
        """On rank 0; the others ask along, and forget it."""
        everyone = gathered(tensor)
        return everyone if self.is_global_zero else tensor.detach()

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """This rank's part of it."""
        saved = zip(self.optimizers, checkpoint["optimizer_states"], strict=True)
        states = [self.moments(optimizer, state, part) for optimizer, state in saved]
        super().load_optimizer_state_dict({**checkpoint, "optimizer_states": states})

    def moments(self, optimizer: Optimizer, state: dict[str, Any], how: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        """An optimiser's state, with those of sharded weights by `how`: they have the axis of the experts.

        A count of steps has none.
        """
        weights, sharded = weights_of(optimizer), self.sharded

        def each(index: int, value: Any) -> Any:
            return how(value) if weights[index] in sharded and isinstance(value, Tensor) and value.ndim else value

        return convert(state, each)

    def validation_step(self, *inputs: Any, **options: Any) -> Any:
        """And stay until all ranks are done."""
        return self.and_serve(super().validation_step(*inputs, **options))

    def test_step(self, *inputs: Any, **options: Any) -> Any:
        """And stay until all ranks are done."""
        return self.and_serve(super().test_step(*inputs, **options))

    def predict_step(self, *inputs: Any, **options: Any) -> Any:
        """And stay until all ranks are done."""
        return self.and_serve(super().predict_step(*inputs, **options))

    def and_serve(self, result: Any) -> Any:
        """What a step has given, once no rank needs this one's experts."""
        with self.precision_plugin.forward_context():
            serve(self.experts)
        return result


def moe_layers(model: nn.Module) -> list[MoE]:
    """In their order."""
    return [module for module in model.modules() if isinstance(module, MoE)]


def check_division(numbers: set[int], num_ranks: int) -> None:
    """Raise a RunError unless so many ranks can have equally many experts of each layer."""
    if not numbers:
        raise RunError("the model is dense, and ExpertParallel divides experts; take --config configs/ddp.yaml instead")
    for number in numbers:
        if number % num_ranks:
            divisors = " or ".join(str(each) for each in range(1, number + 1) if number % each == 0)
            raise RunError(
                f"num_experts is {number}, and {num_ranks} processes cannot have equally many of them; "
                f"choose {divisors} processes with --trainer.devices, or another --model.moe.num_experts"
            )
