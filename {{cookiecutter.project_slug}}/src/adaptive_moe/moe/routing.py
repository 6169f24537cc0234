"""The record of where one layer sends its tokens."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int
from torch import Tensor


class Routing(NamedTuple):
    """What a router decided for the real tokens of one layer; everything else is arithmetic on `selected`.

    Returned by every layer, never stored by one.
    """

    logits: Float[Tensor, "tokens experts"]
    probs: Float[Tensor, "tokens experts"]
    selected: Bool[Tensor, "tokens experts"]
    weights: Float[Tensor, "tokens experts"]

    def detach(self) -> "Routing":
        """The same values, without their gradients."""
        return Routing(*(tensor.detach() for tensor in self))

    @property
    def tokens_per_expert(self) -> Int[Tensor, " experts"]:
        """The load of each expert."""
        return self.selected.sum(0)

    @property
    def experts_per_token(self) -> Int[Tensor, " tokens"]:
        """The compute spent on each token."""
        return self.selected.sum(1)
