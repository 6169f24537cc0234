"""A second expert by a chance that grows with its weight."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import Gating, top_two_where


class ProbabilisticTopTwo(Gating):
    """Rank 0, and rank 1 with probability min(1, g / threshold), where g = R2 / (R1 + R2).

    ST-MoE's rule (Zoph et al. 2022, arXiv 2202.08906), in training and in evaluation.

    Args:
        threshold: The share g from which a second expert is certain, above 0 and at most 0.5.
    """

    max_experts = 2

    def __init__(self, threshold: float = 0.2) -> None:
        super().__init__()
        if not 0 < threshold <= 0.5:
            raise ValueError(
                f"threshold is {threshold}; the second's share of two is never above 0.5: choose above 0, to 0.5"
            )
        self.threshold = threshold

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """From torch's random numbers."""
        first, second = ranked[:, 0], ranked[:, 1]
        return top_two_where(torch.rand_like(first) * self.threshold * (first + second) < second, ranked)
