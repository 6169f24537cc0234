"""The mixture-of-experts layer: what stands in place of a feed-forward network."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from .experts import Experts
from .router import Router
from .routing import Routing


class MoE(nn.Module):
    """1. take the real tokens; 2. route them; 3. send them through their experts; 4. put them back.

    Padding is never routed and comes out as zero.
    """

    def __init__(self, router: Router, experts: Experts) -> None:
        super().__init__()
        self.router = router
        self.experts = experts

    def forward(
        self, x: Float[Tensor, "batch length dim"], mask: Bool[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length dim"], Routing]:
        """The layer's output and where its tokens went, in the order of the mask's true values."""
        tokens = x[mask]
        routing = self.router(tokens)
        out = torch.zeros_like(x)
        out[mask] = self.experts(tokens, routing)
        return out, routing
