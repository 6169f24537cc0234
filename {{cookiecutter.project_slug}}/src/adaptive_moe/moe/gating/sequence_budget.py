"""The same compute for every sequence."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import Gating, top_two_where


class SequenceBudget(Gating):
    """Rank 0, and rank 1 for the tokens of a sample with the smallest gaps R1 - R2, as many as the budget allows.

    Each sample of n tokens spends round(experts_per_token * n) experts, so that batches of equal length
    take equal time. For encoders only: in a decoder a token's choice would depend on later tokens.

    Args:
        experts_per_token: The mean to spend, from 1 to 2.
    """

    max_experts = 2
    sees_the_future = True

    def __init__(self, experts_per_token: float = 1.25) -> None:
        super().__init__()
        if not 1 <= experts_per_token <= 2:
            raise ValueError(f"experts_per_token is {experts_per_token}; a token gets one expert or two: choose 1 to 2")
        self.experts_per_token = experts_per_token

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """Equal gaps go by position."""
        by_gap = (ranked[:, 0] - ranked[:, 1]).argsort(stable=True)
        order = by_gap[samples[by_gap].argsort(stable=True)]  # sample by sample, the smallest gap first
        grouped = samples[order]
        start, end = (torch.searchsorted(grouped, grouped, right=right) for right in (False, True))
        place = torch.arange(len(order), device=order.device) - start
        second = place < ((self.experts_per_token - 1) * (end - start).float()).round()
        return top_two_where(torch.zeros_like(second).scatter(0, order, second), ranked)
