"""Summarisation: a text to what it says in short."""

from torchmetrics import Metric

from .metrics import Score
from .scores import ROUGE, rouge
from .sequence_to_sequence import SequenceToSequence


class Summarisation(SequenceToSequence):
    """An encoder and a decoder, judged by what they write: ROUGE-1, 2 and L, shares between 0 and 1."""

    answer = "summary"

    def task_metrics(self) -> dict[str, Metric]:
        """Over the samples that are answered in writing."""
        return {name: Score() for name in ROUGE}

    def score(self, text: str, target: str, stage: str) -> None:
        """Of each."""
        for name, score in rouge(text, target).items():
            self.update(stage, name, score)
