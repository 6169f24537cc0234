"""The control: who gets a second expert is left to chance."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import Gating, top_two_where


class RandomTopTwo(Gating):
    """Rank 0, and rank 1 for a share of the tokens, drawn anew each time.

    A rule that chooses better than chance must beat this at the same share.

    Args:
        share: Of the tokens that get two experts, from 0 to 1.
    """

    max_experts = 2

    def __init__(self, share: float = 0.2) -> None:
        super().__init__()
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}; it is a share of the tokens: choose 0 to 1")
        self.share = share

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """From torch's random numbers."""
        return top_two_where(torch.rand_like(ranked[:, 0]) < self.share, ranked)
