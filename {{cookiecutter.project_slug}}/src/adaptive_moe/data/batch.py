"""Pieces of samples to batches: packed end to end, or a row each."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PADDING = -1  # in `samples`: no sample
IGNORE = -100  # in `Batch.labels`: what cross-entropy skips by default
FILLERS = (0, IGNORE, PADDING)  # ids, labels and samples of a place without a token


class Source(NamedTuple):
    """What an encoder reads, where a decoder reads the batch; a row each, of the same samples."""

    ids: Int[Tensor, "*batch source_length"]
    samples: Int[Tensor, "*batch source_length"]


class Batch(NamedTuple):
    """Rows of tokens that hold one or several samples each; without a batch axis, one row.

    `samples` says for every token which sample it belongs to, -1 for padding. Who may attend to
    whom and which tokens are real both follow from it. What `labels` means is the task's to say;
    -100 is none.
    """

    ids: Int[Tensor, "*batch length"]
    labels: Int[Tensor, "*batch length"]
    samples: Int[Tensor, "*batch length"]
    source: Source | None = None

    @property
    def mask(self) -> Bool[Tensor, "*batch length"]:
        """True at real tokens."""
        return self.samples != PADDING

    @property
    def stacks(self) -> dict[str, Int[Tensor, "..."]]:
        """`samples` of each stack of the model that reads the batch."""
        if self.source is None:
            return {"": self.samples}
        return {"encoder_": self.source.samples, "decoder_": self.samples}

    def rows(self, chosen: list[int]) -> "Batch":
        """Some of them."""
        source = self.source and Source(self.source.ids[chosen], self.source.samples[chosen])
        return Batch(self.ids[chosen], self.labels[chosen], self.samples[chosen], source)

    @property
    def num_tokens(self) -> Int[Tensor, ""]:
        """Real tokens in all stacks."""
        return torch.stack([(samples != PADDING).sum() for samples in self.stacks.values()]).sum()


def packed(pieces: list[Batch], rows: int, length: int) -> Batch:
    """The pieces end to end in rows of `length`; only the end of the last rows is padded.

    A piece may go on in the next row, where it does not see its beginning.
    """
    missing = rows * length - sum(len(piece.ids) for piece in pieces)
    columns = [
        torch.cat([*column, torch.full((missing,), filler)])
        for column, filler in zip(tokens_of(pieces), FILLERS, strict=True)
    ]
    ids, labels, samples = (column.view(rows, length) for column in columns)
    return Batch(ids, labels, samples)


def padded(pieces: list[Batch]) -> Batch:
    """Each piece in a row, as long as the longest; its source likewise."""
    ids, labels, samples = (
        pad_sequence(column, True, filler) for column, filler in zip(tokens_of(pieces), FILLERS, strict=True)
    )
    sources = [piece.source for piece in pieces if piece.source]
    if not sources:
        return Batch(ids, labels, samples)
    source = Source(
        pad_sequence([source.ids for source in sources], True, FILLERS[0]),
        pad_sequence([source.samples for source in sources], True, PADDING),
    )
    return Batch(ids, labels, samples, source)


def tokens_of(pieces: list[Batch]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Ids, labels and samples."""
    return [each.ids for each in pieces], [each.labels for each in pieces], [each.samples for each in pieces]


def nothing(sourced: bool) -> Batch:
    """One place of padding: what a rank gets when the samples have run out."""
    ids, labels, samples = (torch.tensor([filler]) for filler in FILLERS)
    return Batch(ids, labels, samples, Source(ids, samples) if sourced else None)
