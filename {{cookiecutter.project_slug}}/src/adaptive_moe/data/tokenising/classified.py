"""Texts with a class."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..batch import IGNORE
from ..samples import Samples
from .tokenising import Rows, Sample, Tokenising


class Classified(Tokenising):
    """A sample is the end-of-text token, whose label is the class, and the beginning of the text."""

    columns: ClassVar[dict[str, str]] = {"text": "text", "label": "classes"}
    unusable = "empty"
    inputs = ("text",)
    parts = ("labels",)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """One for each text."""
        for row, (ids, label) in enumerate(zip(self.ids(rows["text"]), rows["label"], strict=True)):
            if ids:
                yield self.sample(row, ids, label)

    def sample(self, row: int, ids: list[int], label: int) -> Sample:
        """What fits."""
        chosen = [self.end_of_text, *ids][: self.length]
        return Sample(row, chosen, len(ids) + 1, [label, *[IGNORE] * (len(chosen) - 1)])

    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """Its class, 0, is none."""
        (ids,) = self.ids([row["text"]])
        return self.sample(0, ids, 0)

    def yardstick(self, train: Samples, validation: Samples) -> dict[str, str]:
        """How many are of the class that most are of."""
        labels = validation.firsts("labels")
        return {"largest class": f"{float(labels.bincount().max() / len(labels)):.1%} of validation"}
