"""The mixture-of-experts layer: what stands in place of a feed-forward network."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from .experts import Experts
from .feed_forward import FeedForward
from .router import Router
from .routing import Routing


class MoE(nn.Module):
    """1. route the tokens; 2. send each through its experts; 3. add the shared experts, if there are any.

    Padding is not routed: none of the experts that are chosen from sees it.

    Args:
        router: Chooses.
        experts: Are chosen from.
        shared_experts: Of every token, always on and unweighted (DeepSeekMoE, arXiv 2401.06066): n experts side
            by side are one network of n times their width.
    """

    def __init__(self, router: Router, experts: Experts, shared_experts: FeedForward | None = None) -> None:
        super().__init__()
        self.router, self.experts, self.shared_experts = router, experts, shared_experts

    def forward(
        self, x: Float[Tensor, "batch length dim"], samples: Int[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length dim"], Routing]:
        """The layer's output and where its tokens went, row by row; `samples` is negative at padding."""
        tokens = x.flatten(0, 1)
        routing = self.router(tokens, samples.flatten())
        out = self.experts(tokens, routing, self.router.gating.max_experts)
        if self.shared_experts is not None:
            out = out + self.shared_experts(tokens)
        return out.view_as(x), routing
