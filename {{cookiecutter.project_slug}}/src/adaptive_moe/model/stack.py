"""Blocks one on the other: what encoders and decoders are made of."""

from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..moe import FeedForward, Gating, MoE, Routing
from .block import Block, Memory
from .cache import BlockCache
from .positions import Positions, Rotation, positions_in_samples


class Stack(nn.Module):
    """Embedded tokens to hidden states.

    1. the position of each token in its sample; a learned one is added, a rotary one turns queries and keys
    2. block after block; 3. norm

    Args:
        dim: Width of the hidden states.
        num_heads: Attention heads; twice their number divides `dim`.
        feed_forwards: The feed-forward half of each block, with or without experts.
        positions: `rotary`, or `learned`: an embedding of each position, of which there is then a last one.
        num_positions: How many are learned.
        cross_attention: Whether the blocks look at a memory.

    Attributes:
        recomputes: Whether backward computes each block again, and only the blocks' inputs are kept until then
            (Chen et al. 2016, arXiv 1604.06174).
    """

    recomputes = False

    def __init__(
        self,
        dim: int,
        num_heads: int,
        feed_forwards: Sequence[MoE | FeedForward],
        positions: Positions,
        num_positions: int,
        cross_attention: bool = False,
    ) -> None:
        super().__init__()
        self.head_size = dim // num_heads
        self.positions = embedding(num_positions, dim) if positions == "learned" else None
        self.blocks = nn.ModuleList(Block(dim, num_heads, each, cross_attention) for each in feed_forwards)
        self.norm = nn.RMSNorm(dim)

    def run(
        self,
        x: Float[Tensor, "batch new dim"],
        samples: Int[Tensor, "batch length"],
        visible: Bool[Tensor, "batch new length"] | None,
        memory: Memory | None = None,
        caches: Sequence[BlockCache] | None = None,
    ) -> tuple[Float[Tensor, "batch new dim"], dict[str, Routing]]:
        """Hidden states, and the routing of each layer that has experts, under the layer's name.

        `x` holds the last tokens of the row; those before them, if there are any, are in the caches.
        """
        length, old = samples.shape[1], samples.shape[1] - x.shape[1]
        positions, rotation = positions_in_samples(samples)[:, old:], None
        if self.positions is None:
            rotation = Rotation.at(positions, self.head_size)
        else:
            # by the row's length, not by the positions in it: to look at those would wait for a GPU
            if length > self.positions.num_embeddings:
                raise ValueError(
                    f"length is {length}; {self.positions.num_embeddings} positions are learned: "
                    "take shorter rows or a higher num_positions"
                )
            x = x + self.positions(positions)
        routings = {}
        recomputing = self.recomputes and torch.is_grad_enabled()
        for number, block in enumerate(self.blocks):
            call = partial(checkpoint, block, use_reentrant=False) if recomputing else block
            x, routing = call(x, samples[:, old:], visible, rotation, memory, caches and caches[number])
            if routing is not None:
                routings[f"layer_{number}"] = routing
        return self.norm(x), routings

    def refuse_gating_that_sees_the_future(self) -> None:
        """For decoders."""
        for module in self.modules():
            if isinstance(module, Gating) and module.sees_the_future:
                raise ValueError(
                    f"gating is {type(module).__name__}, whose choice for a token depends on later ones; "
                    "a decoder needs another, for example Threshold"
                )


def embedding(number: int, dim: int) -> nn.Embedding:
    """Vectors with a length of about 1."""
    made = nn.Embedding(number, dim)
    nn.init.normal_(made.weight, std=dim**-0.5)
    return made
