"""Rows of a corpus to samples: tokenised once, kept by `datasets`."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from datasets import Dataset, Features, List, Value
from datasets.fingerprint import Hasher
from tokenizers import Tokenizer

from ...errors import RunError
from ..samples import Samples
from ..tokenizer import end_of_text

LongTexts = Literal["split", "cut"]
Rows = Mapping[str, Sequence[Any]]


class Sample(NamedTuple):
    """What a model sees at once.

    Without labels, each token's label is the next one, and the last id is a label only.

    Attributes:
        row: Of the corpus.
        ids: Of the tokens.
        text_tokens: Before anything was cut; 0 in what goes on with a row.
        labels: One for each token, -100 for none.
        source: What an encoder reads.
    """

    row: int
    ids: list[int]
    text_tokens: int
    labels: list[int] | None = None
    source: list[int] | None = None


class Tokenising(ABC):
    """Rows to samples of at most `length` tokens; one class for each form that the rows of a corpus can have.

    Args:
        tokenizer: What turns text to ids.
        length: The most tokens in a sample, on each side where there are two.
        long_texts: `split` makes further samples of the rest, `cut` leaves it out.
    """

    columns: ClassVar[dict[str, str]]
    """What a row has, and what each column holds: text, numbers, or lists of them."""

    unusable: ClassVar[str]
    """What is wrong with a row that has no sample."""

    inputs: ClassVar[tuple[str, ...]]
    """The columns that a prediction starts from; no text of the last one is in two splits."""

    parts: ClassVar[tuple[str, ...]] = ()
    """What a sample has beside its ids: labels, source."""

    divisible: ClassVar[bool] = False
    """Whether a part of a sample makes sense, so that long texts can be split and rows packed."""

    def __init__(self, tokenizer: Tokenizer, length: int, long_texts: LongTexts) -> None:
        self.tokenizer, self.length, self.long_texts = tokenizer, length, long_texts
        self.end_of_text = end_of_text(tokenizer)
        ids = List(Value("uint16" if tokenizer.get_vocab_size() <= 2**16 else "int32"))
        kinds = {"ids": ids, "source": ids, "labels": List(Value("int32"))}
        self.features = Features({"row": Value("uint32"), "text_tokens": Value("uint32")})
        self.features |= {name: kinds[name] for name in ("ids", *self.parts)}

    @abstractmethod
    def samples(self, rows: Rows) -> Iterator[Sample]:
        """Of some rows, each of which has any number of samples; one that nothing can be learnt from has none."""

    @abstractmethod
    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """What a prediction starts from, of a row that has the `inputs`; its labels mean nothing."""

    def prompt(self, row: Mapping[str, Any]) -> Sample:
        """The same.

        Raises:
            RunError: It would have to be cut.
        """
        sample = self.beginning(row)
        if sample.text_tokens > self.length:
            raise RunError(
                f"inputs has a text of {sample.text_tokens} tokens ({str(row[self.inputs[-1]])[:40]!r}...), and "
                f"context_length is {self.length}; shorten it, or raise --data.context_length"
            )
        return sample

    def __call__(self, rows: Rows, numbers: Sequence[int]) -> dict[str, list[Any]]:
        """The samples of rows with these numbers, as columns."""
        samples = [sample._replace(row=numbers[sample.row]) for sample in self.samples(rows)]
        return {name: [getattr(sample, name) for sample in samples] for name in self.features}

    def ids(self, texts: Iterable[str | None]) -> list[list[int]]:
        """Of texts as they are, without special tokens; of one without a letter, none."""
        given = [text if text and text.strip() else "" for text in texts]
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(given, add_special_tokens=False)]

    def map(self, rows: Dataset, cache_dir: Path) -> Samples:
        """The samples of a split, from the cache where they are there."""
        forms = [each for each in type(self).__mro__ if issubclass(each, Tokenising)]
        code = [Path(inspect.getfile(form)).read_text("utf-8") for form in forms]  # which may have been changed
        settings = (type(self).__qualname__, code, self.tokenizer.to_str(), self.length, self.long_texts)
        fingerprint = Hasher.hash((rows._fingerprint, *settings))
        samples = rows.map(
            self,
            batched=True,
            with_indices=True,
            remove_columns=rows.column_names,
            features=self.features,
            new_fingerprint=fingerprint,
            cache_file_name=str(cache_dir / f"samples-{fingerprint}.arrow"),
            desc="Tokenising",
        )
        return Samples(samples)

    def take(self, rows: list[dict[str, Any]]) -> Samples:
        """The samples of a few rows, in memory."""
        columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        samples = self(columns, range(len(rows))) if rows else {name: [] for name in self.features}
        return Samples(Dataset.from_dict(samples, features=self.features))

    @classmethod
    def texts(cls, rows: Rows | Dataset) -> Iterator[str]:
        """All text that a vocabulary is learned from."""
        for name, kind in cls.columns.items():
            for value in rows[name] if "text" in kind else ():
                yield from [value] if isinstance(value, str) else value or ()

    def yardstick(self, train: Samples, validation: Samples) -> dict[str, str]:
        """What the simplest guess would reach, in words."""
        return {}
