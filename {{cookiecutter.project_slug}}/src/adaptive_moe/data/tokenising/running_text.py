"""Running text: predict each next token."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..samples import Samples
from ..unigram import unigram_perplexity
from .tokenising import Rows, Sample, Tokenising


class RunningText(Tokenising):
    """A sample is a text, closed by the end-of-text token, or a chunk of one that is longer than the context."""

    columns: ClassVar[dict[str, str]] = {"text": "text"}
    unusable = "empty"
    inputs = ("text",)
    divisible = True

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """Neighbours share an id: the last label of one is the first token of the next."""
        for row, ids in enumerate(self.ids(rows["text"])):
            document = [*ids, self.end_of_text]
            for start in range(0, len(ids) if self.long_texts == "split" else min(len(ids), 1), self.length):
                yield Sample(row, document[start : start + self.length + 1], 0 if start else len(ids))

    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """The text, to be continued."""
        (ids,) = self.ids([row["text"]])
        return Sample(0, ids, len(ids), labels=ids)

    def yardstick(self, train: Samples, validation: Samples) -> dict[str, str]:
        """Perplexity of guessing by frequency."""
        vocab_size = self.tokenizer.get_vocab_size()
        perplexity = unigram_perplexity(train.label_counts(vocab_size), validation.label_counts(vocab_size))
        return {"unigram perplexity": f"{perplexity:.1f}"}
