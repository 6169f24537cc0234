"""What both sources of difficulty share."""

import torch
from lightning.pytorch import LightningModule

from ..data import Batch, Difficulty, DifficultySource
from ..errors import RunError
from ..moe import Routing
from .steering import Steering, routers_of


class Counting(Steering, DifficultySource):
    """Counts, for every sample and layer, the tokens that use two experts."""

    def attach(self, pl_module: LightningModule) -> None:
        """Refuse a model without routers."""
        if not routers_of(pl_module):
            raise RunError(
                f"the model is dense, and {type(self).__name__} counts experts; take another order, "
                "for example --data.order LengthBucketed, without that callback"
            )


def count(difficulty: Difficulty, routings: dict[str, Routing], batch: Batch) -> None:
    """Put a batch into the counts of the epoch, each stack of the model for itself."""
    for stack, samples in batch.stacks.items():
        two_experts = [routing.experts_per_token > 1 for routing in of_stack(routings, stack).values()]
        difficulty.add(torch.stack(two_experts), samples.flatten(), stack)


def of_stack(routings: dict[str, Routing], stack: str) -> dict[str, Routing]:
    """Those of one stack, whose layers' names begin with its own."""
    return {name: routing for name, routing in routings.items() if name.startswith(f"{stack}layer_")}
