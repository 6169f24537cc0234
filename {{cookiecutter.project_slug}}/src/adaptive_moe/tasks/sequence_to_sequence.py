"""Tasks that write a target from a source."""

from abc import abstractmethod

from jaxtyping import Float, Int
from torch import Tensor

from ..data import Batch, Pairs
from ..model import EncoderDecoder
from .generating import Generating
from .task import SPLITS, Loss


class SequenceToSequence(Generating):
    """An encoder and a decoder, judged by what they write."""

    architecture, form = EncoderDecoder, Pairs

    @abstractmethod
    def score(self, text: str, target: str, stage: str) -> None:
        """Bring the metrics up to date with what was written, and what should have been."""

    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """The token that a target begins with."""
        return list(batch.ids[:, :1])

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """Over the samples that are answered in writing."""
        for row, text in self.written(batch, stage):
            self.score(text, self.data.row(SPLITS[stage], int(batch.samples[row, 0]))["target"], stage)
