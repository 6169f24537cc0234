"""Question answering: which span of the context is the answer?"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torchmetrics import Metric

from ..data import IGNORE, START, STOP, Batch, Spans
from ..model import Encoder
from .metrics import Score
from .scores import exact_match_and_f1
from .task import SPLITS, Loss, Task

LONGEST_ANSWER = 30  # tokens; as in BERT's script for SQuAD (Devlin et al. 2018, arXiv 1810.04805)


class QuestionAnswering(Task):
    """An encoder that tells where in the context the answer begins and ends, judged by exact match and F1 of words."""

    architecture, form = Encoder, Spans

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.head = nn.Linear(self.model.embedding.embedding_dim, 2)

    def log_probs(
        self, hidden: Float[Tensor, "batch length dim"], batch: Batch
    ) -> tuple[Float[Tensor, "batch length"], Float[Tensor, "batch length"]]:
        """Of each token of a context to be the answer's first, and its last."""
        outside = (batch.labels == IGNORE).unsqueeze(-1)
        logits = self.head(hidden).float().masked_fill(outside, -1e9)
        first, last = logits.log_softmax(1).unbind(-1)
        return first, last

    def loss(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> Loss:
        """Cross-entropy, the mean of first and last, over the answers that lie in what is read."""
        first, last = self.log_probs(hidden, batch)
        marks = batch.labels.clamp(min=0)
        begins, ends = (marks & START) > 0, (marks & STOP) > 0
        both = begins.any(1) & ends.any(1)  # of an answer that is cut, only the first is there
        total = (first * begins).sum(1) + (last * ends).sum(1)
        return Loss(-(total * both).sum() / 2, both.sum())

    def spans(
        self, hidden: Float[Tensor, "batch length dim"], batch: Batch
    ) -> tuple[Int[Tensor, "batch 2"], Float[Tensor, " batch"]]:
        """First and last token of the likeliest answer in each row, and its probability."""
        first, last = self.log_probs(hidden, batch)
        scores = first.unsqueeze(2) + last.unsqueeze(1)
        possible = torch.ones_like(scores, dtype=torch.bool).triu().tril(LONGEST_ANSWER - 1)
        best, place = scores.masked_fill(~possible, -torch.inf).flatten(1).max(1)
        length = batch.ids.shape[1]
        return torch.stack([place // length, place % length], dim=1), best.exp()

    def answers(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> list[tuple[int, str, float]]:
        """Of each row that is no padding: its sample, the answer, and its probability."""
        spans, probs = self.spans(hidden, batch)
        rows = zip(batch.samples[:, 0].tolist(), batch.ids, spans.tolist(), probs.tolist(), strict=True)
        return [
            (sample, self.data.decode(ids[start : stop + 1].tolist()).strip(), prob)
            for sample, ids, (start, stop), prob in rows
            if sample >= 0
        ]

    def task_metrics(self) -> dict[str, Metric]:
        """Over questions; a share, not per cent."""
        return {"exact_match": Score(), "f1": Score()}

    def measure(self, hidden: Float[Tensor, "batch length dim"], batch: Batch, loss: Loss, stage: str) -> None:
        """Against all answers that the corpus has."""
        for sample, answer, _ in self.answers(hidden, batch):
            exact_match, f1 = exact_match_and_f1(answer, self.data.row(SPLITS[stage], sample)["answers"])
            self.update(stage, "exact_match", exact_match)
            self.update(stage, "f1", f1)

    def predict_step(self, batch: Batch, batch_idx: int) -> list[dict[str, Any]]:
        """The answer and its probability."""
        answers = self.answers(self.read(batch)[0], batch)
        return [{"answer": answer, "probability": round(prob, 4)} for _, answer, prob in answers]
