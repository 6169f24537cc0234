"""Texts to samples: tokenised once, kept by `datasets`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from datasets import Dataset, Features, List, Value
from datasets.fingerprint import Hasher
from jaxtyping import Int
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from .batch import Batch
from .plan import Piece
from .tokenizer import end_of_text

LongTexts = Literal["split", "cut"]


class Tokenising:
    """Texts to token ids: a sample is a text, or a chunk of one that is longer than the context.

    Each text is closed by the end-of-text token. A sample of n tokens is kept as n + 1 ids, since the model predicts
    from each token the next: the last id is a label only.

    Args:
        tokenizer: What turns text to ids.
        length: The most tokens in a sample.
        long_texts: `split` makes further samples of the rest, `cut` leaves it out.
    """

    def __init__(self, tokenizer: Tokenizer, length: int, long_texts: LongTexts) -> None:
        self.tokenizer, self.length, self.long_texts = tokenizer, length, long_texts
        self.end_of_text = end_of_text(tokenizer)
        dtype = "uint16" if tokenizer.get_vocab_size() <= 2**16 else "int32"
        self.features = Features({"ids": List(Value(dtype)), "text_tokens": Value("uint32")})

    def __call__(self, rows: Mapping[str, Sequence[str | None]]) -> dict[str, list[Any]]:
        """The samples of some texts; a text without a letter has none."""
        texts = [text for text in rows["text"] if text and text.strip()]
        encodings = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        documents = [[*encoding.ids, self.end_of_text] for encoding in encodings]
        samples = [sample for document in documents for sample in self.samples(document)]
        return {"ids": [ids for ids, _ in samples], "text_tokens": [tokens for _, tokens in samples]}

    def samples(self, document: list[int]) -> Iterator[tuple[list[int], int]]:
        """Ids of each sample, and with the first one the tokens of the text.

        Neighbours share an id: the last label of one is the first token of the next.
        """
        tokens = len(document) - 1
        for start in range(0, tokens if self.long_texts == "split" else 1, self.length):
            yield document[start : start + self.length + 1], 0 if start else tokens

    def map(self, texts: Dataset, cache_dir: Path) -> "Samples":
        """The samples of a split, from the cache where they are there."""
        settings = (self.tokenizer.to_str(), self.length, self.long_texts)
        fingerprint = Hasher.hash((texts._fingerprint, *settings))
        rows = texts.map(
            self,
            batched=True,
            remove_columns=texts.column_names,
            features=self.features,
            new_fingerprint=fingerprint,
            cache_file_name=str(cache_dir / f"samples-{fingerprint}.arrow"),
            desc="Tokenising",
        )
        return Samples(rows)

    def take(self, texts: list[str]) -> "Samples":
        """The samples of a few texts, in memory."""
        return Samples(Dataset.from_dict(self({"text": texts}), features=self.features))


class Samples(TorchDataset[Batch]):
    """Token ids of every sample, read from disk as they are needed.

    Attributes:
        lengths: Tokens of each sample.
    """

    def __init__(self, rows: Dataset) -> None:
        self.rows = rows.with_format("arrow")
        tables = list(self.rows.select_columns("ids").iter(100_000))
        sizes = [pc.list_value_length(column(table)).to_numpy() for table in tables]
        self.lengths = torch.from_numpy(np.concatenate([np.empty(0, np.int32), *sizes]) - 1)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.lengths)

    def text_tokens(self) -> Int[Tensor, " samples"]:
        """Tokens of the text that begins with each sample; 0 where none does."""
        return torch.from_numpy(self.rows.with_format("numpy")["text_tokens"][:].astype(np.int32))

    def __getitems__(self, pieces: list[Piece]) -> list[Batch]:
        """The pieces of samples that were asked for, as int64, which is what embedding and loss take."""
        if not pieces:
            return []
        lists = column(self.rows[[piece.sample for piece in pieces]])
        rows = torch.split(flat(lists), pc.list_value_length(lists).to_pylist())
        return [self.piece(row, *piece) for row, piece in zip(rows, pieces, strict=True)]

    def piece(self, row: Int[Tensor, " ids"], sample: int, start: int, stop: int) -> Batch:
        """Tokens, what follows each of them, and where they belong."""
        tokens = row[start:stop]
        return Batch(tokens, row[start + 1 : stop + 1], torch.full_like(tokens, sample))

    def label_counts(self, vocab_size: int) -> Int[Tensor, " vocab_size"]:
        """How often each token is to be predicted: all ids but the first of each sample."""
        counts = torch.zeros(vocab_size, dtype=torch.int64)
        for table in self.rows.select_columns("ids").iter(10_000):
            lists = column(table)
            firsts = torch.from_numpy(pc.list_element(lists, 0).to_numpy().astype(np.int64))
            counts += flat(lists).bincount(minlength=vocab_size) - firsts.bincount(minlength=vocab_size)
        return counts


def column(table: pa.Table) -> pa.ListArray:
    """The ids of some samples."""
    return table["ids"].combine_chunks()


def flat(lists: pa.ListArray) -> Int[Tensor, " ids"]:
    """One sample behind the other."""
    return torch.from_numpy(lists.flatten().to_numpy().astype(np.int64))
