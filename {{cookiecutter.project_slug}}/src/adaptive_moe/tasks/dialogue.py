"""Dialogue: what does one reply?"""

from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric

from ..data import IGNORE, Batch, Turns
from ..model import Decoder
from ..moe import Routing
from .generating import Generating
from .likelihood import Perplexity
from .metrics import Score
from .scores import exact_match_and_f1
from .task import Loss


class Dialogue(Generating):
    """A decoder that learns replies, judged by their perplexity, and by F1 of words of the last that it writes."""

    architecture, form, answer = Decoder, Turns, "reply"

    def read(self, batch: Batch) -> tuple[Float[Tensor, "batch length dim"], dict[str, Routing]]:
        """A row is one dialogue, and needs no mask."""
        result: tuple[Tensor, dict[str, Routing]] = self.model(batch.ids, batch.samples, packed=False)
        return result

    def task_metrics(self) -> dict[str, Metric]:
        """Over tokens of all replies, and over last replies."""
        return {"perplexity": Perplexity(), "f1": Score()}

    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """Up to the last reply."""
        return [ids[: start + 1] for ids, start in zip(batch.ids, last_replies(batch), strict=True)]

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """Perplexity is better when lower, F1 when higher."""
        self.update(stage, "perplexity", *loss)
        starts = last_replies(batch)
        for row, text in self.written(batch, stage):
            labels = batch.labels[row, starts[row] :]
            reply = self.data.decode(labels[labels != IGNORE].tolist())
            self.update(stage, "f1", exact_match_and_f1(text, [reply])[1])


def last_replies(batch: Batch) -> list[int]:
    """Where in each row the last reply begins to have labels; 0 in a row of padding."""
    known = batch.labels != IGNORE
    begins = known.clone()
    begins[:, 1:] &= ~known[:, :-1]
    numbers = begins.int().cumsum(1) * begins
    return numbers.argmax(1).tolist()
