"""The paper's rule."""

from typing import Literal

from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import MarginGating, top_two_where


class Threshold(MarginGating):
    """Adaptive gating: a second expert where the router hesitates between its two best.

    Keeps rank 0, and rank 1 where R1 - R2 <= T (Li et al., EMNLP 2023, section 3.1). T = 0 is top-1
    but for exact ties, T = 1 is top-2.

    Args:
        threshold: T, from 0 to 1.
        gap: `raw` compares the scores as they are; `renormalised` divides their gap by
            R1 + R2, so that it does not shrink with the number of experts. The paper allows both.
    """

    max_experts = 2

    def __init__(self, threshold: float = 0.1, gap: Literal["raw", "renormalised"] = "raw") -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; it bounds a gap between two probabilities: choose 0 to 1")
        super().__init__(threshold)
        self.gap = gap

    def margins(self, ranked: Float[Tensor, "tokens experts"]) -> Float[Tensor, "tokens 1"]:
        """The gap between the two best."""
        first, second = ranked[:, 0], ranked[:, 1]
        gap = first - second
        # not below the smallest positive number: a bias can bring both scores to nothing
        return (gap / (first + second).clamp(min=1e-30) if self.gap == "renormalised" else gap).unsqueeze(1)

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """At most two ranks a token."""
        return top_two_where(self.margins(ranked).squeeze(1) <= self.threshold, ranked)
