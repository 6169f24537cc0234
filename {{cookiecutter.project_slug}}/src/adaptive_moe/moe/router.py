"""Scores the experts for every token and lets the gating policy choose."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .buffers import Float32Buffers
from .gating import Gating
from .routing import Routing

Scores = Literal["softmax", "sigmoid"]
Combine = Literal["raw", "renormalised"]


SMALLEST = 1e-30  # what a sum that may be zero is taken for


class Router(Float32Buffers):
    """A linear map, a score for each expert, a choice.

    1. logits = x W, in float32: a rounding would change who gets two experts
    2. scores = softmax(logits), or the sigmoid of each (DeepSeek-V3, arXiv 2412.19437)
    3. ranked = scores + bias, the largest first; equal ones keep the order of the experts
    4. selected = the ranks that the gating policy keeps, of real tokens
    5. weights = scores where selected, as they are (Li et al., equation 3) or divided by their sum

    Args:
        dim: Width of the tokens.
        num_experts: Experts to choose from.
        gating: Which ranks a token keeps.
        scores: `softmax`, or `sigmoid`, where experts do not compete.
        combine: `raw` weights; or `renormalised` ones, which sum to 1 over the chosen experts: a token
            with a single expert then has weight 1, and its loss teaches the router nothing.
        selection_bias: Keep a bias for each expert that selects and does not weigh, so that load can be
            balanced without a loss (Wang et al. 2024, arXiv 2408.15664). It starts at zero and is kept in
            checkpoints; a callback moves it.
    """

    bias: Tensor | None

    def __init__(
        self,
        dim: int,
        num_experts: int,
        gating: Gating,
        scores: Scores = "softmax",
        combine: Combine = "raw",
        selection_bias: bool = False,
    ) -> None:
        super().__init__()
        most = gating.max_experts or 1
        if num_experts < most:
            raise ValueError(f"num_experts is {num_experts}; {type(gating).__name__} chooses up to {most} of them")
        if gating.needs_probabilities and (scores != "softmax" or selection_bias):
            raise ValueError(
                f"gating is {type(gating).__name__}, which sums probabilities; "
                "it needs scores 'softmax' and selection_bias false"
            )
        self.linear = nn.Linear(dim, num_experts, bias=False)
        self.gating, self.scores, self.combine = gating, scores, combine
        self.register_buffer("bias", torch.zeros(num_experts, dtype=torch.float32) if selection_bias else None)

    def forward(self, x: Float[Tensor, "tokens dim"], samples: Int[Tensor, " tokens"]) -> Routing:
        """Route every token: at least one expert for those whose sample is not negative, none for padding."""
        with torch.autocast(x.device.type, enabled=False):
            logits = nn.functional.linear(x.float(), self.linear.weight.float())
            scores = logits.softmax(-1) if self.scores == "softmax" else logits.sigmoid()
            biased = scores.detach() if self.bias is None else scores.detach() + self.bias
            ranked, experts = biased.sort(dim=-1, descending=True, stable=True)
            keep = self.gating(ranked, samples) & (samples >= 0).unsqueeze(1)
            selected = torch.zeros_like(keep).scatter(1, experts, keep)
            weights = scores * selected
            if self.combine == "renormalised":
                weights = weights / weights.sum(1, keepdim=True).clamp(min=SMALLEST)  # padding selects nothing
            probs = scores if self.scores == "softmax" else scores / scores.sum(1, keepdim=True).clamp(min=SMALLEST)
        return Routing(logits, probs, ranked, selected, weights)

    @torch.no_grad()
    def move_bias(self, tokens_per_expert: Float[Tensor, " experts"], rate: float) -> None:
        """Towards an even load: b += rate * sign(mean load - load), over the tokens of a step on all ranks.

        Without their mean: where few experts take most, all others' would rise together, and the renormalised gap with
        its denominator R1 + R2 would shrink.
        """
        assert self.bias is not None
        self.bias += rate * (tokens_per_expert.mean() - tokens_per_expert).sign()
        self.bias -= self.bias.mean()
