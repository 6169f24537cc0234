"""Tokens as people read them."""

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import Int
from torch import Tensor

INCOMPLETE = "\ufffd"  # what a part of a character decodes to
LONGEST_CHARACTER = 4  # bytes, so tokens too
SIGNS = {"\n": "⏎", "\r": "⏎", "\t": "⇥", "\u2028": "⏎", "\u2029": "⏎"}


class Piece(NamedTuple):
    """Text that can be read, and the tokens that it is of: from `start` to before `stop`."""

    text: str
    start: int
    stop: int


class Vocabulary(NamedTuple):
    """Ids to text.

    Attributes:
        decode: Ids to text; such as close or mark something have none.
        name: What the vocabulary itself calls a token.
    """

    decode: Callable[[list[int]], str]
    name: Callable[[int], str]

    def word(self, number: int) -> str:
        """A token without the spaces around it; what is part of a character has a number."""
        text = self.decode([number])
        if INCOMPLETE in text:
            return f"{INCOMPLETE}{number}"
        return visible(text.strip() or text) or self.name(number)

    def words(self, ids: Int[Tensor, " tokens"]) -> tuple[list[str], Int[Tensor, " tokens"]]:
        """Those of the tokens, and for every token the number of its word."""
        counts = ids.bincount()
        numbers: dict[str, int] = {}
        for number in counts.nonzero().flatten().tolist():
            counts[number] = numbers.setdefault(self.word(number), len(numbers))
        return list(numbers), counts[ids]

    def pieces(self, ids: list[int]) -> list[Piece]:
        """One for each token, but tokens that share a character stay together."""
        found: list[Piece] = []
        seen, start = 0, 0  # what lies between was read last: some tokenizers join a token to the one before it
        for stop in range(1, len(ids) + 1):
            text = self.decode(ids[seen:stop])[len(self.decode(ids[seen:start])) :]
            if text.endswith(INCOMPLETE) and stop - start < LONGEST_CHARACTER and stop < len(ids):
                continue
            found.append(Piece(text or self.name(ids[start]), start, stop))
            seen, start = start, stop
        return found


def visible(text: str) -> str:
    """Line breaks and control characters as signs, and spaces too where there is nothing else."""
    if text.strip() and text.isprintable():
        return text
    signs = [SIGNS.get(character, sign(character)) for character in text]
    return "".join(signs if text.strip() else ["␣" if each.isspace() else each for each in signs])


def sign(character: str) -> str:
    """Unicode has a picture of each of the first control characters."""
    if unicodedata.category(character) != "Cc":
        return character
    return chr(0x2400 + ord(character)) if character < " " else "␡"
