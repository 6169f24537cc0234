"""One transformer block with a mixture of experts."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..moe import MoE, Routing
from .attention import SelfAttention


class Block(nn.Module):
    """x + attention(norm(x)), then x + experts(norm(x))."""

    def __init__(self, dim: int, attention: SelfAttention, moe: MoE) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(dim), attention
        self.moe_norm, self.moe = nn.RMSNorm(dim), moe

    def forward(
        self,
        x: Float[Tensor, "batch length dim"],
        visible: Bool[Tensor, "batch length length"],
        mask: Bool[Tensor, "batch length"],
    ) -> tuple[Float[Tensor, "batch length dim"], Routing]:
        """Hidden states and the routing of this block's layer."""
        x = x + self.attention(self.attention_norm(x), visible)
        out, routing = self.moe(self.moe_norm(x), mask)
        return x + out, routing
