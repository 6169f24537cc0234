"""Pairs: a source text and what it becomes."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from .tokenising import Rows, Sample, Tokenising


class Pairs(Tokenising):
    """A sample is a source for the encoder and a target for the decoder, each closed by the end-of-text token.

    The decoder's tokens are the target shifted right: they begin with that token, and each predicts the next.
    """

    columns: ClassVar[dict[str, str]] = {"source": "text", "target": "text"}
    unusable = "empty on one side"
    inputs = ("source",)
    parts = ("source",)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """One for each pair of which neither side is empty."""
        for row, (source, target) in enumerate(zip(self.ids(rows["source"]), self.ids(rows["target"]), strict=True)):
            if source and target:
                yield self.sample(row, source, target)

    def sample(self, row: int, source: list[int], target: list[int]) -> Sample:
        """What fits."""
        end, longer = self.end_of_text, max(len(source), len(target)) + 1
        ids = [end, *target, end][: self.length + 1]
        return Sample(row, ids, longer, source=[*source[: self.length - 1], end])

    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """The source, and the token that a target begins with."""
        (source,) = self.ids([row["source"]])
        return self.sample(0, source, [])._replace(ids=[self.end_of_text], labels=[self.end_of_text])
