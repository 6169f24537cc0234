"""Batch to hidden states: the encoder and the decoder.

`samples` says which sample of the row each token belongs to, -1 for padding; no token sees another sample.
"""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ..moe import FeedForward, MoE, Routing
from .cache import BlockCache
from .positions import Positions
from .stack import Stack, embedding
from .visible import causal_within_samples, within_samples


class EmbeddedStack(Stack):
    """What encoder and decoder share: a token embedding below a stack.

    Args:
        vocab_size: Number of token ids.
        dim: As of the stack, and so are the others.
        num_heads: Attention heads.
        feed_forwards: One for each block.
        positions: `rotary` or `learned`.
        num_positions: How many are learned.
    """

    def __init__(
        self,
        vocab_size: int,
        dim: int,
        num_heads: int,
        feed_forwards: Sequence[MoE | FeedForward],
        positions: Positions = "rotary",
        num_positions: int = 1024,
    ) -> None:
        tokens = embedding(vocab_size, dim)
        super().__init__(dim, num_heads, feed_forwards, positions, num_positions)
        self.embedding = tokens


class Encoder(EmbeddedStack):
    """Embedding and stack. A token sees all of its sample."""

    def forward(
        self, ids: Int[Tensor, "batch length"], samples: Int[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length dim"], dict[str, Routing]]:
        """Hidden states, and the routing of each layer that has experts, under the layer's name."""
        return self.run(self.embedding(ids), samples, within_samples(samples, samples))


class Decoder(EmbeddedStack):
    """Embedding and stack. A token sees the past of its sample."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.refuse_gating_that_sees_the_future()

    def forward(
        self,
        ids: Int[Tensor, "batch new"],
        samples: Int[Tensor, "batch length"],
        packed: bool = True,
        caches: Sequence[BlockCache] | None = None,
    ) -> tuple[Float[Tensor, "batch new dim"], dict[str, Routing]]:
        """Hidden states, and the routing of each layer that has experts, under the layer's name.

        With caches, `ids` are the new tokens alone, and `samples` go on from the past to them.
        Rows that are not `packed` hold one sample each and padding only behind it: no real token could
        see the padding, so no mask is made, which is faster.
        """
        visible = causal_within_samples(samples, ids.shape[1]) if packed else None
        return self.run(self.embedding(ids), samples, visible, caches=caches)

    def logits(self, hidden: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n vocabulary"]:
        """Scores of the next token; input and output embeddings are one."""
        return F.linear(hidden, self.embedding.weight)
