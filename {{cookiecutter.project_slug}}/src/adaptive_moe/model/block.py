"""One transformer block."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..moe import FeedForward, MoE, Routing
from .attention import CrossAttention, SelfAttention
from .cache import BlockCache
from .positions import Rotation


class Memory(NamedTuple):
    """The encoded source, and which of its tokens each token of the row may see."""

    hidden: Float[Tensor, "batch source dim"]
    visible: Bool[Tensor, "batch new source"]


class Block(nn.Module):
    """Three steps, each added to what came in and each with a norm before it.

    1. x + self_attention(norm(x))
    2. x + cross_attention(norm(x), memory), in the decoder of an encoder-decoder
    3. x + feed_forward(norm(x)), which has experts or has not
    """

    def __init__(
        self, dim: int, num_heads: int, feed_forward: MoE | FeedForward, cross_attention: bool = False
    ) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(dim), SelfAttention(dim, num_heads)
        if cross_attention:
            self.cross_attention_norm, self.cross_attention = nn.RMSNorm(dim), CrossAttention(dim, num_heads)
        self.feed_forward_norm, self.feed_forward = nn.RMSNorm(dim), feed_forward

    def forward(
        self,
        x: Float[Tensor, "batch new dim"],
        samples: Int[Tensor, "batch new"],
        visible: Bool[Tensor, "batch new length"] | None,
        rotation: Rotation | None = None,
        memory: Memory | None = None,
        cache: BlockCache | None = None,
    ) -> tuple[Float[Tensor, "batch new dim"], Routing | None]:
        """Hidden states, and the routing where there are experts."""
        x = x + self.attention(self.attention_norm(x), visible, rotation, cache and cache.past)
        if memory is not None:
            x = x + self.cross_attention(self.cross_attention_norm(x), *memory, cache and cache.source)
        normed = self.feed_forward_norm(x)
        if isinstance(self.feed_forward, MoE):
            out, routing = self.feed_forward(normed, samples)
            return x + out, routing
        return x + self.feed_forward(normed), None
