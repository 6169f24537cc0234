"""Dialogues: what one says, what the other replies, and so on."""

from collections.abc import Iterator, Mapping
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from ..batch import IGNORE
from .tokenising import Rows, Sample, Tokenising


class Turns(Tokenising):
    """A sample is a dialogue, each turn closed by the end-of-text token; replies, every second turn, have labels."""

    columns: ClassVar[dict[str, str]] = {"turns": "lists of text"}
    unusable = "without a reply in what fits"
    inputs = ("turns",)
    parts = ("labels",)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """One for each dialogue that has a reply where it is not cut."""
        for row, turns in enumerate(rows["turns"]):
            ids, labels = self.dialogue(turns or [])
            sample = Sample(row, ids[: self.length], len(ids), labels[: self.length])
            if any(label != IGNORE for label in sample.labels or ()):
                yield sample

    def dialogue(self, turns: list[str]) -> tuple[list[int], list[int]]:
        """Tokens of all turns but the last end, and the next of each where that belongs to a reply."""
        spoken = [[*ids, self.end_of_text] for ids in self.ids(turns)]
        ids = [token for turn in spoken for token in turn]
        labels = [IGNORE] * len(ids)
        ends = accumulate(map(len, spoken))
        for start, stop in list(pairwise(ends))[::2]:
            if stop > start + 1:  # silence is no reply
                labels[start - 1 : stop - 1] = ids[start:stop]
        return ids[:-1], labels[:-1]

    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """What was said, for a reply."""
        ids, _ = self.dialogue([*row["turns"], ""])
        return Sample(0, ids, len(ids), labels=ids)
