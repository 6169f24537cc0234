"""Summarisation: a text to what it says in short."""

from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import MeanMetric, Metric

from ..data import Batch, Pairs
from ..model import EncoderDecoder
from .generating import Generating
from .scores import ROUGE, rouge
from .task import SPLITS


class Summarisation(Generating):
    """An encoder and a decoder, judged by what they write: ROUGE-1, 2 and L, shares between 0 and 1."""

    architecture, form, answer = EncoderDecoder, Pairs, "summary"

    def task_metrics(self) -> dict[str, Metric]:
        """Over the samples that are answered in writing."""
        return {name: MeanMetric() for name in ROUGE}

    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """The token that a summary begins with."""
        return list(batch.ids[:, :1])

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, stage: str) -> None:
        """Against the summary that the corpus has."""
        for row, text in self.written(batch, stage):
            target = self.data.row(SPLITS[stage], int(batch.samples[row, 0]))["target"]
            for name, score in rouge(text, target).items():
                self.update(stage, name, score)
