"""What every gating policy is, and those that one number moves."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..buffers import Float32Buffers


class Gating(Float32Buffers, ABC):
    """Decides, token by token, which ranks to keep. Rank 0, the best expert, is always kept.

    One policy serves all layers of a model. What its constructor takes, it has as attributes of the same names.
    """

    min_experts: int = 1
    """The fewest experts that a token gets."""
    max_experts: int | None = None
    """The most experts a token can get; None where all of them can be."""
    needs_probabilities = False
    """Whether the ranked scores must sum to one: then neither sigmoid scores nor a selection bias will do."""
    sees_the_future = False
    """Whether the choice for a token depends on later ones, which a decoder must not allow."""

    @abstractmethod
    def forward(
        self, ranked: Float[Tensor, "tokens experts"], samples: Int[Tensor, " tokens"]
    ) -> Bool[Tensor, "tokens experts"]:
        """True where the expert of that rank is used.

        `ranked` holds each token's scores, the largest first, and `samples` the sample that it belongs to.
        """


class MarginGating(Gating):
    """Keeps a rank where its margin is within one threshold, which a compute budget can move.

    Args:
        threshold: What the margins are measured against. The config says it, not a checkpoint's weights; the
            callback that moves it keeps it.
    """

    threshold: Tensor

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.register_buffer("threshold", torch.tensor(threshold, dtype=torch.float32), persistent=False)

    @abstractmethod
    def margins(self, ranked: Float[Tensor, "tokens experts"]) -> Float[Tensor, "tokens optional"]:
        """For rank 1 and each later one that can be kept, the threshold from which it is."""


def top_ranks(ranked: Float[Tensor, "tokens experts"], count: int) -> Bool[Tensor, "tokens experts"]:
    """True at the first `count` ranks of every token."""
    return (torch.arange(ranked.shape[1], device=ranked.device) < count).expand_as(ranked)


def top_two_where(
    second: Bool[Tensor, " tokens"], ranked: Float[Tensor, "tokens experts"]
) -> Bool[Tensor, "tokens experts"]:
    """Rank 0 of every token, and rank 1 where `second` says so."""
    return top_ranks(ranked, 1) | (top_ranks(ranked, 2) & second.unsqueeze(1))
