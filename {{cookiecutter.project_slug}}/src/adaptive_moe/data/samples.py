"""Token ids of every sample, read from disk as they are needed."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from datasets import Dataset
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from .batch import Batch, Source, nothing
from .plan import Piece


class Samples(TorchDataset[Batch]):
    """The samples of a split.

    What has no labels predicts each next token: such a sample of n tokens is kept as n + 1 ids.

    Attributes:
        lengths: Tokens of each sample; of its longer side, where it has two.
        num_tokens: Of all samples, on both sides.
    """

    def __init__(self, rows: Dataset) -> None:
        self.rows = rows.with_format("arrow")
        self.shift = int("labels" not in rows.column_names)
        self.sourced = "source" in rows.column_names
        lengths = self.sizes("ids") - self.shift
        self.lengths, self.num_tokens = lengths, int(lengths.sum())
        if self.sourced:
            source = self.sizes("source")
            self.lengths, self.num_tokens = torch.maximum(lengths, source), self.num_tokens + int(source.sum())

    def sizes(self, name: str) -> Int[Tensor, " samples"]:
        """Number of ids of each sample."""
        tables = self.rows.select_columns(name).iter(100_000)
        sizes = [pc.list_value_length(column(table, name)).to_numpy() for table in tables]
        return torch.from_numpy(np.concatenate([np.empty(0, np.int32), *sizes]))

    def contents(self) -> Iterator[Int[Tensor, " ids"]]:
        """What tells these samples from others, in parts: of ids, labels and sources how many, and which."""
        for name in sorted({"ids", "labels", "source"}.intersection(self.rows.column_names)):
            yield self.sizes(name)
            for table in self.rows.select_columns(name).iter(100_000):
                yield flat(column(table, name))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.lengths)

    def numbers(self, name: str) -> Int[Tensor, " samples"]:
        """`row`: of the corpus; `text_tokens`: before anything was cut, 0 in what goes on with a row."""
        return torch.from_numpy(self.rows.with_format("numpy")[name][:].astype(np.int64))

    def __getitems__(self, pieces: list[Piece]) -> list[Batch]:
        """The pieces of samples that were asked for, as int64, which is what embedding and loss take."""
        return self.numbered(pieces, [piece.sample for piece in pieces])

    def numbered(self, pieces: list[Piece], numbers: list[int]) -> list[Batch]:
        """The same, and the batch knows the samples under these numbers; a place of padding if there are none."""
        if not pieces:
            return [nothing(self.sourced)]
        table = self.rows[[piece.sample for piece in pieces]]
        ids = split(column(table, "ids"))
        labels = [row[1:] for row in ids] if self.shift else split(column(table, "labels"))
        sources = split(column(table, "source")) if self.sourced else [None] * len(pieces)
        return [
            Batch(
                row[: len(label)][piece.start : piece.stop],
                label[piece.start : piece.stop],
                torch.full_like(label[piece.start : piece.stop], number),
                None if source is None else Source(source, torch.full_like(source, number)),
            )
            for row, label, source, piece, number in zip(ids, labels, sources, pieces, numbers, strict=True)
        ]

    def firsts(self, name: str) -> Int[Tensor, " samples"]:
        """The first of each sample's ids or labels."""
        tables = self.rows.select_columns(name).iter(10_000)
        lists = [pc.list_element(column(table, name), 0).to_numpy() for table in tables]
        return torch.from_numpy(np.concatenate(lists).astype(np.int64))

    def label_counts(self, vocab_size: int) -> Int[Tensor, " vocab_size"]:
        """How often each token is to be predicted where there are no labels: all ids but the first of each sample."""
        counts = -self.firsts("ids").bincount(minlength=vocab_size)
        for table in self.rows.select_columns("ids").iter(10_000):
            counts += flat(column(table, "ids")).bincount(minlength=vocab_size)
        return counts


def column(table: pa.Table, name: str) -> pa.ListArray:
    """The lists of some samples."""
    return table[name].combine_chunks()


def split(lists: pa.ListArray) -> list[Int[Tensor, " ids"]]:
    """One tensor for each sample."""
    return list(torch.split(flat(lists), pc.list_value_length(lists).to_pylist()))


def flat(lists: pa.ListArray) -> Int[Tensor, " ids"]:
    """One sample behind the other."""
    return torch.from_numpy(lists.flatten().to_numpy().astype(np.int64))
