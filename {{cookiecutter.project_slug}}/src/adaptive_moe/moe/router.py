"""Scores the experts for every token and lets the gating policy choose."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .gating import Gating
from .routing import Routing


class Router(nn.Module):
    """A linear map, a softmax, a choice.

    1. logits = x W, in float32: a rounding would change who gets two experts
    2. probs = softmax(logits)
    3. selected = the ranks that the gating policy keeps; equal probabilities keep the order of the experts
    4. weights = probs where selected, not renormalised (Li et al., equation 3): with weights that
       sum to one a single-expert token has weight 1, and its loss would teach the router nothing
    """

    def __init__(self, dim: int, num_experts: int, gating: Gating) -> None:
        super().__init__()
        if num_experts < 2:
            raise ValueError(f"num_experts is {num_experts}; routing needs at least 2 to choose from")
        self.linear = nn.Linear(dim, num_experts, bias=False)
        self.gating = gating

    def forward(self, x: Float[Tensor, "tokens dim"]) -> Routing:
        """Route every token; at least one expert each."""
        with torch.autocast(x.device.type, enabled=False):
            logits = nn.functional.linear(x.float(), self.linear.weight.float())
            probs = logits.softmax(-1)
        ranked, experts = probs.sort(dim=-1, descending=True, stable=True)
        selected = torch.zeros_like(probs, dtype=torch.bool).scatter(1, experts, self.gating(ranked))
        return Routing(logits, probs, selected, weights=probs * selected)
