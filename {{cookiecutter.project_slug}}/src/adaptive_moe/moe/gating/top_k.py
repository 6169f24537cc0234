"""A fixed number of experts."""

from jaxtyping import Bool, Float, Int
from torch import Tensor

from .gating import Gating, top_ranks


class TopK(Gating):
    """The k best experts of every token: Switch (Fedus et al. 2021) has k = 1, GShard (Lepikhin et al. 2020) k = 2.

    Without their capacity limits, and without the chance by which GShard takes its second expert.

    Args:
        k: Experts a token, at least 1.
    """

    def __init__(self, k: int = 2) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"k is {k}; a token needs at least 1 expert")
        self.k = self.min_experts = self.max_experts = k

    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """Rank < k."""
        return top_ranks(ranked, self.k)
