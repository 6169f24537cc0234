"""The record of where one layer sends its tokens."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor


class Routing(NamedTuple):
    """What a router decided for the tokens of one layer; everything else is arithmetic on `selected`.

    Padding is there and selects nothing, so that shapes never depend on values: no wait for a GPU,
    no break in a compiled graph. Returned by every layer, never stored by one.

    Attributes:
        logits: What the router's linear map gives.
        probs: A distribution over the experts, made of the logits.
        ranked: The scores that the gating policy saw, the largest first.
        selected: The choice.
        weights: Of the selected experts in the sum; zero elsewhere.
    """

    logits: Float[Tensor, "tokens experts"]
    probs: Float[Tensor, "tokens experts"]
    ranked: Float[Tensor, "tokens experts"]
    selected: Bool[Tensor, "tokens experts"]
    weights: Float[Tensor, "tokens experts"]

    def detach(self) -> "Routing":
        """The same values, without their gradients."""
        return Routing(*(tensor.detach() for tensor in self))

    @property
    def mask(self) -> Bool[Tensor, " tokens"]:
        """True at real tokens: each of them has an expert."""
        return self.selected.any(1)

    @property
    def tokens_per_expert(self) -> Int[Tensor, " experts"]:
        """The load of each expert."""
        return self.selected.sum(0)

    @property
    def experts_per_token(self) -> Int[Tensor, " tokens"]:
        """The compute spent on each token."""
        return self.selected.sum(1)
