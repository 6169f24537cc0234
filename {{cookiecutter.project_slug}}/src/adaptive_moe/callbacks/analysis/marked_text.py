"""A text of which each token shows how many experts it has."""

from html import escape
from itertools import groupby
from typing import NamedTuple

from .routed import Routed
from .table import escape_markdown
from .vocabulary import Vocabulary, visible

SHOWN = 100  # pieces of a text in TensorBoard, which keeps ten of each tag; the page has all
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class MarkedText(NamedTuple):
    """One sample.

    Attributes:
        sample: Its number.
        pieces: Its text, mostly token by token.
        experts: Of each piece, in every layer; where tokens share a character, the most that one of them has.
    """

    sample: int
    pieces: list[str]
    experts: list[list[int]]

    @classmethod
    def of(cls, routed: Routed, sample: int, vocabulary: Vocabulary) -> "MarkedText":
        """Its tokens, as far as they are there."""
        chosen = routed.samples == sample
        pieces = vocabulary.pieces(routed.ids[chosen].tolist())
        experts = routed.experts_per_token[chosen].tolist()
        most = [list(map(max, zip(*experts[piece.start : piece.stop], strict=True))) for piece in pieces]
        return cls(sample, [piece.text for piece in pieces], most)

    def markdown(self) -> list[str]:
        """The beginning, once for every layer: bold, and with their number, what has more than one expert there."""
        pieces = [escape_markdown(visible(piece)) for piece in self.pieces[:SHOWN]]
        end = " …" if len(self.pieces) > SHOWN else ""
        return [marked(pieces, counts) + end for counts in zip(*self.experts[:SHOWN], strict=True)]

    def html(self) -> str:
        """All of it; a style sheet shows a layer's marks, or a shade for the share of the layers that has them."""
        return "".join(in_html(piece, counts) for piece, counts in zip(self.pieces, self.experts, strict=True))


def marked(pieces: list[str], counts: tuple[int, ...]) -> str:
    """Pieces in Markdown, and their numbers of experts."""
    written = ""
    numbered = [
        (piece, str(count).translate(SUPERSCRIPTS) if count > 1 else "")
        for piece, count in zip(pieces, counts, strict=True)
    ]
    for more, run in groupby(numbered, key=lambda each: each[1] != ""):
        text = "".join(piece + number for piece, number in run)  # neighbours share their asterisks: four are no mark
        space = text[: len(text) - len(text.lstrip())]
        written += f"{space}**{text.lstrip()}**" if more else text
    return written


def in_html(piece: str, counts: list[int]) -> str:
    """A piece, with a class for each layer in which it has more than one expert: m, or n for more than two."""
    text = escape(visible(piece)).replace("⏎", "⏎\n")
    space, text = text[: len(text) - len(text.lstrip())], text.lstrip()
    if not piece.strip():
        text = f"<i>{text}</i>"
    marks = [f"{'m' if count == 2 else 'n'}{layer}" for layer, count in enumerate(counts) if count > 1]
    if not marks:
        return space + text
    numbers = " ".join(map(str, counts))
    mark = f'<b class="{" ".join(marks)}" style="--s:{len(marks) / len(counts):.2f}" title="{numbers}">'
    return f"{space}{mark}{text}</b>"
