"""How samples in their order make batches."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from .batch import Batch, packed, padded
from .plan import offsets


class Batching(NamedTuple):
    """How large a batch of one rank is.

    Attributes:
        length: Tokens in a row of packed samples; None gives each sample a row of its own.
        rows: The most rows in a batch.
        tokens: The most tokens in a batch, padding included, on each side where there are two; at least the longest
            sample.
    """

    length: int | None
    rows: int | None
    tokens: int | None

    def cuts(self, lengths: Int[Tensor, " samples"], start: int = 0) -> Int[Tensor, " cuts"]:
        """Where batches begin, in tokens from the first sample on, if the first `start` tokens are done."""
        if self.length is not None:
            size, total = self.length * self.packed_rows(self.length), int(lengths.sum())
            return torch.cat([torch.arange(start, total, size), torch.tensor([total])])
        starts = offsets(lengths)
        first = int(torch.searchsorted(starts, start))
        if self.tokens is None:
            ends = torch.cat([starts[first : -1 : self.rows], starts[-1:]])
        else:
            ends = starts[first + torch.tensor(self.full_batches(lengths[first:].numpy(), self.tokens))]
        return ends

    def collate(self, pieces: list[Batch]) -> Batch:
        """A batch from the pieces of samples that it holds."""
        if self.length is None:
            return padded(pieces)
        return packed(pieces, self.packed_rows(self.length), self.length)

    def packed_rows(self, length: int) -> int:
        """Rows in a batch of packed samples."""
        most = [self.rows] if self.rows else []
        return min([*most, self.tokens // length] if self.tokens else most)

    def full_batches(self, lengths: Int[np.ndarray, " samples"], tokens: int) -> list[int]:
        """The first sample of each batch, and the end: one more would be a row or a token too many."""
        firsts, ahead = [0], 1
        most = self.rows or tokens
        while firsts[-1] < len(lengths):
            window = lengths[firsts[-1] : firsts[-1] + ahead]
            area = np.maximum.accumulate(window) * np.arange(1, len(window) + 1)
            fitting = int(area.searchsorted(tokens, side="right"))
            assert fitting, "a sample is longer than a batch"
            if fitting < ahead or ahead == most:
                firsts.append(firsts[-1] + fitting)
            ahead = min(2 * fitting, most)
        return firsts


def batching(context_length: int, packing: bool, batch_size: int | None, token_budget: int | None) -> Batching:
    """From the data module's arguments.

    Raises:
        ValueError: There is no limit, or one that a sample exceeds.
    """
    if batch_size is None and token_budget is None:
        raise ValueError("batch_size is null, and so is token_budget; give one of them, or both")
    if token_budget is not None and token_budget < context_length:
        raise ValueError(
            f"token_budget is {token_budget}; a sample of context_length {context_length} does not fit in: "
            "raise the one or lower the other"
        )
    return Batching(context_length if packing else None, batch_size, token_budget)
