"""Translation: a text in one language to the same in another."""

from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import MeanMetric, Metric
from torchmetrics.text import SacreBLEUScore

from ..data import Batch, Pairs
from ..model import EncoderDecoder
from .generating import Generating
from .task import SPLITS


class Translation(Generating):
    """An encoder and a decoder, judged by what they write: SacreBLEU and exact match, shares between 0 and 1."""

    architecture, form, answer = EncoderDecoder, Pairs, "translation"

    def task_metrics(self) -> dict[str, Metric]:
        """Over the samples that are answered in writing."""
        return {"bleu": SacreBLEUScore(), "exact_match": MeanMetric()}

    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """The token that a target begins with."""
        return list(batch.ids[:, :1])

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, stage: str) -> None:
        """Against the target."""
        for row, text in self.written(batch, stage):
            target = self.data.row(SPLITS[stage], int(batch.samples[row, 0]))["target"]
            self.update(stage, "bleu", [text], [[target]])
            self.update(stage, "exact_match", float(text.strip() == target.strip()))
