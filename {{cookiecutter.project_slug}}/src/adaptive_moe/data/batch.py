"""Ids to batches: documents laid end to end and cut into rows."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.utils.data import Dataset

PADDING = -1  # in `Batch.samples`: no sample
IGNORE = -100  # in `Batch.labels`: what cross-entropy skips by default


class Batch(NamedTuple):
    """Rows of tokens that hold one or several samples each; without a batch axis, one row.

    `samples` says for every token which sample it belongs to, -1 for padding. Who may attend to
    whom and which tokens are real both follow from it.
    """

    ids: Int[Tensor, "*batch length"]
    labels: Int[Tensor, "*batch length"]
    samples: Int[Tensor, "*batch length"]

    @property
    def mask(self) -> Bool[Tensor, "*batch length"]:
        """True at real tokens."""
        return self.samples != PADDING


class PackedRows(Dataset[Batch]):
    """Documents, each closed by `end_of_text`, in rows of `length` tokens; row -1 is all padding.

    A document may go on in the next row. The label of a token is the next token of its document;
    the last one of a document has none. Only the last row is padded.
    """

    def __init__(self, documents: Iterable[list[int]], end_of_text: int, length: int) -> None:
        closed = [[*document, end_of_text] for document in documents]
        ids = torch.tensor([token for document in closed for token in document], dtype=torch.int32)
        sizes = torch.tensor([len(document) for document in closed])
        samples = torch.arange(len(closed), dtype=torch.int32).repeat_interleave(sizes)
        labels = torch.where(samples == samples.roll(-1), ids.roll(-1), IGNORE)
        labels[-1:] = IGNORE  # roll carries the first token round
        self.num_tokens = len(ids)
        self.ids = cut(ids, length, 0)
        self.labels = cut(labels, length, IGNORE)
        self.samples = cut(samples, length, PADDING)

    def __len__(self) -> int:
        """Number of rows, without the empty one."""
        return len(self.ids) - 1

    def __getitem__(self, row: int) -> Batch:
        """One row as int64, which is what embedding and loss take."""
        return Batch(self.ids[row].long(), self.labels[row].long(), self.samples[row].long())


def cut(stream: Int[Tensor, " tokens"], length: int, filler: int) -> Int[Tensor, "rows length"]:
    """Rows of `length`, the last one filled up, then one row of nothing but the filler."""
    missing = -len(stream) % length + length
    return torch.cat([stream, stream.new_full((missing,), filler)]).view(-1, length)
