"""Translation: a text in one language to the same in another."""

from torchmetrics import Metric
from torchmetrics.text import SacreBLEUScore

from .metrics import Score
from .sequence_to_sequence import SequenceToSequence


class Translation(SequenceToSequence):
    """An encoder and a decoder, judged by what they write: SacreBLEU and exact match, shares between 0 and 1."""

    answer = "translation"

    def task_metrics(self) -> dict[str, Metric]:
        """Over the samples that are answered in writing."""
        return {"bleu": SacreBLEUScore(), "exact_match": Score()}

    def score(self, text: str, target: str, stage: str) -> None:
        """BLEU over all of them, exact match of each."""
        self.update(stage, "bleu", [text], [[target]])
        self.update(stage, "exact_match", float(text.strip() == target.strip()))
