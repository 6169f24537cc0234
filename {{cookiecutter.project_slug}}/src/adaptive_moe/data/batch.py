"""Pieces of samples to batches: packed end to end, or a row each."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PADDING = -1  # in `Batch.samples`: no sample
IGNORE = -100  # in `Batch.labels`: what cross-entropy skips by default
FILLERS = (0, IGNORE, PADDING)  # ids, labels and samples of a place without a token


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


def packed(pieces: list[Batch], rows: int, length: int) -> Batch:
    """The pieces end to end in rows of `length`; only the end of the last rows is padded.

    A piece may go on in the next row, where it does not see its beginning.
    """
    return Batch(*(tensor.view(rows, length) for tensor in filled(joined(pieces), rows * length)))


def padded(pieces: list[Batch]) -> Batch:
    """Each piece in a row, as long as the longest; a row of padding if there are none."""
    rows = pieces or [filled(EMPTY, 1)]
    columns = zip(*rows, strict=True)
    return Batch(*(pad_sequence(list(column), True, filler) for column, filler in zip(columns, FILLERS, strict=True)))


EMPTY = Batch(*torch.empty(3, 0, dtype=torch.int64))


def joined(pieces: list[Batch]) -> Batch:
    """Laid end to end."""
    return Batch(*(torch.cat(column) for column in zip(EMPTY, *pieces, strict=True)))


def filled(row: Batch, length: int) -> Batch:
    """With padding up to `length`."""
    missing = length - len(row.ids)
    return Batch(
        *(torch.cat([tensor, tensor.new_full((missing,), filler)]) for tensor, filler in zip(row, FILLERS, strict=True))
    )
