"""Sentiment: which class is a text of?"""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from ..data import IGNORE, Batch, Classified
from ..model import Encoder
from .task import Loss, Task


class Sentiment(Task):
    """An encoder whose first token tells the class of a text, judged by accuracy and by F1, its mean over classes.

    Args:
        num_classes: How many; the data module's.
    """

    architecture, form = Encoder, Classified

    def __init__(self, *, num_classes: int = 2, **options: Any) -> None:
        if num_classes < 2:
            raise ValueError(
                f"num_classes is {num_classes}, as many as the corpus has labels; take --config "
                "configs/tasks/sentiment.yaml, or a corpus with two or more"
            )
        self.num_classes = num_classes
        super().__init__(**options)
        self.head = nn.Linear(self.model.embedding.embedding_dim, num_classes)

    def logits(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> Float[Tensor, "texts classes"]:
        """Of each text: of the one token that has a label."""
        logits: Tensor = self.head(hidden[batch.labels != IGNORE])
        return logits.float()

    def loss(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> Loss:
        """Cross-entropy, over texts."""
        known = batch.labels != IGNORE
        return Loss(F.cross_entropy(self.logits(hidden, batch), batch.labels[known], reduction="sum"), known.sum())

    def task_metrics(self) -> dict[str, Metric]:
        """Over texts, and over classes."""
        return {
            "accuracy": MulticlassAccuracy(self.num_classes, average="micro"),
            "f1": MulticlassF1Score(self.num_classes, average="macro"),
        }

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """By the likeliest class."""
        logits, classes = self.logits(hidden, batch), batch.labels[batch.labels != IGNORE]
        if len(classes):  # of a batch of padding there are none
            for name in ("accuracy", "f1"):
                self.update(stage, name, logits, classes)

    def predict_step(self, batch: Batch, batch_idx: int) -> list[dict[str, Any]]:
        """Label and probability of each text."""
        probs, classes = self.logits(self.read(batch)[0], batch).softmax(-1).max(-1)
        found = zip(classes.tolist(), probs.tolist(), strict=True)
        return [{"label": self.data.corpus.labels[number], "probability": round(prob, 4)} for number, prob in found]
