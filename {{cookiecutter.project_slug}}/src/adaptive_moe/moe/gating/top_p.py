"""As many experts as a share of the probability needs."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import MarginGating


class TopP(MarginGating):
    """The fewest experts whose probabilities reach p (Huang et al. 2024, arXiv 2403.07652).

    Keeps a rank while the mass of those before it is below p; p = 1 keeps every expert.

    Args:
        p: Above 0, at most 1.
    """

    needs_probabilities = True

    def __init__(self, p: float = 0.4) -> None:
        if not 0 < p <= 1:
            raise ValueError(f"p is {p}; it is a share of the probability: choose more than 0, at most 1")
        super().__init__(p)

    @property
    def p(self) -> float:
        """The threshold, by the name that it has here."""
        return float(self.threshold)

    def margins(self, ranked: Float[Tensor, "tokens experts"]) -> Float[Tensor, "tokens optional"]:
        """The mass before each rank."""
        # a product, since a running sum is not deterministic on every device
        before = ranked @ ranked.new_ones(ranked.shape[1], ranked.shape[1]).triu(1)
        # a sum can round to 1, and a rank with nothing before it but rounding would be lost at p = 1
        return before[:, 1:].clamp(max=1 - 2**-24)

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """From one rank to all."""
        return torch.nn.functional.pad(self.margins(ranked) < self.threshold, (1, 0), value=True)
