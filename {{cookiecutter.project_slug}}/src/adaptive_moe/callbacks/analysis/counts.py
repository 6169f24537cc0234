"""Tokens in groups: how many, and how many of them have more than one expert."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .routed import Routed
from .vocabulary import Vocabulary


class Grouped(NamedTuple):
    """Counts for each group.

    Attributes:
        tokens: All of them.
        more: Those with more than one expert, layer by layer.
    """

    tokens: Int[Tensor, " groups"]
    more: Int[Tensor, "groups layers"]

    @property
    def shares(self) -> Float[Tensor, "groups layers"]:
        """Of the tokens, those with more than one expert."""
        return self.more / self.tokens.clamp(min=1).unsqueeze(1)


class Counts(NamedTuple):
    """Of the tokens of one stack.

    Attributes:
        all: In one group.
        position: By the position in the sample, in bands.
        length: By the sample's length, in bands.
        frequency: By how often the token is among these, in bands.
        word: By the token's text.
        words: These texts.
        taken: How often each expert took the word.
    """

    all: Grouped
    position: Grouped
    length: Grouped
    frequency: Grouped
    word: Grouped
    words: list[str]
    taken: Int[Tensor, "words layers experts"]

    @classmethod
    def of(cls, routed: Routed, vocabulary: Vocabulary) -> "Counts":
        """Count real tokens."""
        more = routed.experts_per_token > 1
        words, word = vocabulary.words(routed.ids)
        selected = routed.selected.flatten(1).int()
        taken = torch.zeros(len(words), selected.shape[1], dtype=torch.int32).index_add_(0, word, selected)
        return cls(
            grouped(torch.zeros_like(routed.ids), more),
            grouped(band(routed.positions), more),
            grouped(band(routed.lengths), more),
            grouped(band(routed.ids.bincount()[routed.ids]), more),
            grouped(word, more),
            words,
            taken.view(len(words), *routed.selected.shape[1:]),
        )


def grouped(groups: Int[Tensor, " tokens"], more: Bool[Tensor, "tokens layers"]) -> Grouped:
    """By the number of each token's group."""
    tokens = groups.bincount()
    return Grouped(tokens, tokens.new_zeros(len(tokens), more.shape[1]).index_add_(0, groups, more.long()))


def band(numbers: Int[Tensor, " tokens"]) -> Int[Tensor, " tokens"]:
    """0, 1, 2 to 3, 4 to 7, and so on: how many binary digits a number has."""
    return torch.frexp(numbers.double()).exponent.long()


def name_of_band(number: int) -> str:
    """From its least to its largest number."""
    least, most = 2**number // 2, 2**number - 1
    return str(most) if number < 2 else f"{least:,} to {most:,}"
