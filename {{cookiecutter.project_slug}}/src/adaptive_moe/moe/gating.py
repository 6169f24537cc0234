"""Gating policies: from ranked router probabilities to how many experts a token gets."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Gating(ABC):
    """Decides, token by token, which ranks to keep. Rank 0, the likeliest expert, is always kept."""

    @abstractmethod
    def __call__(self, ranked: Float[Tensor, "tokens experts"]) -> Bool[Tensor, "tokens experts"]:
        """True where the expert of that rank is used; `ranked` holds probabilities, the largest first."""


class Threshold(Gating):
    """Adaptive gating: a second expert where the router hesitates between its two best.

    Keeps rank 0, and rank 1 where R1 - R2 <= T (Li et al., EMNLP 2023, section 3.1). T = 0 is top-1
    but for exact ties, T = 1 is top-2.

    Args:
        threshold: T, from 0 to 1.
        gap: `raw` compares the probabilities as they are; `renormalised` divides their gap by
            R1 + R2, so that it does not shrink with the number of experts. The paper allows both.
    """

    def __init__(self, threshold: float = 0.1, gap: Literal["raw", "renormalised"] = "raw") -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; it bounds a gap between two probabilities: choose 0 to 1")
        self.threshold, self.gap = threshold, gap

    def __call__(self, ranked: Float[Tensor, "tokens experts"]) -> Bool[Tensor, "tokens experts"]:
        """At most two ranks a token."""
        first, second = ranked[:, 0], ranked[:, 1]
        scale = first + second if self.gap == "renormalised" else 1.0
        keep = torch.zeros_like(ranked, dtype=torch.bool)
        keep[:, 0] = True
        keep[:, 1] = first - second <= self.threshold * scale
        return keep
