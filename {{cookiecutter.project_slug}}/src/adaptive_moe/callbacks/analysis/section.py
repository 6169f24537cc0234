"""All that is shown of one stack."""

from typing import NamedTuple

from jaxtyping import Int
from torch import Tensor

from .counts import Counts
from .margins import Histogram
from .marked_text import MarkedText
from .routed import Routed
from .table import Table
from .tables import tables
from .vocabulary import Vocabulary


class Section(NamedTuple):
    """Tables, margins and texts.

    Attributes:
        title: Which stack it is, if there are two.
        layers: Their names, as in tags.
        names: The same in words, without the stack's.
        tokens: How many were looked at.
        margins: Of every layer.
        histograms: Of these.
        tables: Made of counts.
        texts: Samples, marked.
    """

    title: str
    layers: list[str]
    names: list[str]
    tokens: int
    margins: list[Tensor]
    histograms: list[Histogram]
    tables: list[Table]
    texts: list[MarkedText]

    @classmethod
    def of(
        cls,
        routed: Routed,
        layers: list[str],
        samples: list[int],
        vocabulary: Vocabulary,
        threshold: float | None,
    ) -> "Section":
        """From real tokens, in the memory of the CPU."""
        stack = layers[0].partition("layer_")[0]
        names = [layer.removeprefix(stack).replace("_", " ") for layer in layers]
        margins = list(routed.margins.unbind(1))
        histograms = [Histogram.of(each, threshold) for each in margins]
        return cls(
            stack.rstrip("_").capitalize(),
            layers,
            names,
            len(routed.ids),
            margins,
            histograms,
            tables(Counts.of(routed, vocabulary), names, histograms),
            [MarkedText.of(routed, sample, vocabulary) for sample in samples],
        )


def samples_to_show(stacks: list[Int[Tensor, " _"]], number: int) -> list[int]:
    """So many of those that are in all stacks, from the first on at equal distances: the same at every validation."""
    there = sorted(set.intersection(*(set(samples.tolist()) for samples in stacks))) if stacks else []
    number = min(number, len(there))
    return [there[place * len(there) // number] for place in range(number)]
