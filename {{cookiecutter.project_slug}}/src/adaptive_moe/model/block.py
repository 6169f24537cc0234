"""One transformer block."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..moe import FeedForward, MoE, Routing
from .attention import SelfAttention


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)), which has experts or has not."""

    def __init__(self, dim: int, attention: SelfAttention, feed_forward: MoE | FeedForward) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(dim), attention
        self.feed_forward_norm, self.feed_forward = nn.RMSNorm(dim), feed_forward

    def forward(
        self,
        x: Float[Tensor, "batch length dim"],
        visible: Bool[Tensor, "batch length length"],
        samples: Int[Tensor, "batch length"],
    ) -> tuple[Float[Tensor, "batch length dim"], Routing | None]:
        """Hidden states, and the routing where there are experts."""
        x = x + self.attention(self.attention_norm(x), visible)
        normed = self.feed_forward_norm(x)
        if isinstance(self.feed_forward, MoE):
            out, routing = self.feed_forward(normed, samples)
            return x + out, routing
        return x + self.feed_forward(normed), None
