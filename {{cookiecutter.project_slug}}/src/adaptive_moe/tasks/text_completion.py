"""Text completion: predict the next token of running text."""

from functools import cached_property

from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

from ..data import IGNORE, Batch, RunningText, bytes_of_tokens
from ..model import Decoder
from .generating import Generating
from .likelihood import BitsPerByte, Perplexity
from .task import Loss


class TextCompletion(Generating):
    """A decoder-only language model, judged by perplexity and bits per byte."""

    architecture, form, answer = Decoder, RunningText, "completion"

    @cached_property
    def bytes_of_tokens(self) -> Int[Tensor, " vocabulary"]:
        """Of the text that each stands for."""
        return bytes_of_tokens(self.data.tokenizer).to(self.device)

    def task_metrics(self) -> dict[str, Metric]:
        """Over tokens, and over bytes."""
        return {"perplexity": Perplexity(), "bits_per_byte": BitsPerByte()}

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """Lower is better, of both."""
        self.update(stage, "perplexity", *loss)
        self.update(
            stage, "bits_per_byte", loss.total, self.bytes_of_tokens[batch.labels[batch.labels != IGNORE]].sum()
        )

    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """None: an evaluation has nothing to compare with."""
        return []
