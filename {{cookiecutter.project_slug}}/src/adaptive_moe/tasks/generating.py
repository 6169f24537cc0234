"""Tasks whose model predicts the next token, and writes."""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ..data import IGNORE, Batch, Source, end_of_text
from ..model import Decoder, EncoderDecoder, generate, left_padded
from .task import Loss, Task


class Generating(Task):
    """A decoder, alone or behind an encoder.

    Args:
        max_new_tokens: The most that it writes.
        temperature: Of its choice; 0 takes the likeliest token.
        top_p: It chooses among the likeliest tokens that together have this probability; 1 is all.
        generated_samples: So many samples of each validation are answered in writing, since that is slow; null is all.
            A test answers all.
    """

    model: Decoder | EncoderDecoder
    answer: ClassVar[str]
    """What the text that it writes is called."""

    def __init__(
        self,
        *,
        max_new_tokens: int = 64,
        temperature: float = 0.8,
        top_p: float = 1.0,
        generated_samples: int | None = 64,
        **options: Any,
    ) -> None:
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens is {max_new_tokens}; it must be at least 1")
        if temperature < 0:
            raise ValueError(f"temperature is {temperature}; choose 0 (the likeliest token) or more")
        if not 0 < top_p <= 1:
            raise ValueError(f"top_p is {top_p}; choose more than 0, and 1 at most (all tokens)")
        if generated_samples is not None and generated_samples < 0:
            raise ValueError(f"generated_samples is {generated_samples}; choose 0 (none) or more, or null (all)")
        super().__init__(**options)
        self.max_new_tokens, self.temperature, self.top_p = max_new_tokens, temperature, top_p
        self.generated_samples, self.generated = generated_samples, 0

    def loss(self, hidden: Float[Tensor, "batch length dim"], batch: Batch) -> Loss:
        """Cross-entropy, over the tokens that have a label."""
        known = batch.labels != IGNORE
        logits = self.model.logits(hidden[known])
        return Loss(F.cross_entropy(logits.float(), batch.labels[known], reduction="sum"), known.sum())

    def training_values(self, loss: Float[Tensor, ""]) -> dict[str, Tensor]:
        """Perplexity too."""
        return {"train/loss": loss, "train/perplexity": loss.exp()}

    @abstractmethod
    def prompts(self, batch: Batch) -> list[Int[Tensor, " _"]]:
        """Of each row of an evaluation, the tokens that an answer goes on from."""

    def write(self, prompts: list[Int[Tensor, " _"]], batch: Batch) -> list[str]:
        """Answers to prompts, one for each row."""
        ids, samples = left_padded(prompts)
        source = numbered(batch.source) if batch.source else ()
        end = end_of_text(self.data.tokenizer)
        settings = (self.max_new_tokens, self.temperature, self.top_p, end)
        rows = generate(self.model, ids, samples, *settings, *source)
        return [self.data.decode(before(row.tolist(), end)) for row in rows]

    def written(self, batch: Batch, stage: str) -> list[tuple[int, str]]:
        """Row and answer, of the rows of an evaluation that are answered in writing."""
        rows = [number for number, sample in enumerate(batch.samples[:, 0].tolist()) if sample >= 0]
        if stage == "val" and self.generated_samples is not None:
            rows = rows[: max(-(-self.generated_samples // self.trainer.world_size) - self.generated, 0)]
        self.generated += len(rows)
        if not rows:
            return []
        chosen = batch.rows(rows)
        return list(zip(rows, self.write(self.prompts(chosen), chosen), strict=True))

    def report(self, stage: str) -> None:
        """The next evaluation counts anew."""
        super().report(stage)
        self.generated = 0

    def predict_step(self, batch: Batch, batch_idx: int) -> list[dict[str, Any]]:
        """The answer."""
        prompts = [ids[mask] for ids, mask in zip(batch.ids, batch.mask, strict=True)]
        return [{self.answer: text} for text in self.write(prompts, batch)]


def numbered(source: Source) -> tuple[Tensor, Tensor]:
    """Ids and samples, the samples numbered as the rows are."""
    rows = torch.arange(len(source.ids), device=source.ids.device).unsqueeze(1)
    return source.ids, torch.where(source.samples < 0, source.samples, rows)


def before(ids: list[int], end: int) -> list[int]:
    """Up to the end of the text."""
    return ids[: ids.index(end)] if end in ids else ids
