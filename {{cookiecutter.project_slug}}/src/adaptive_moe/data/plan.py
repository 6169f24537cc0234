"""An epoch as batches: the samples in their order, and where one batch ends and the next begins."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Sampler


class Piece(NamedTuple):
    """A part of a sample, mostly the whole."""

    sample: int
    start: int
    stop: int


class Plan:
    """The batches of all ranks. Think of the samples as laid end to end: batch b is the tokens cuts[b] to cuts[b + 1].

    Args:
        samples: In their order.
        lengths: Of these samples.
        cuts: Where batches begin, in tokens, and where the last one ends.
    """

    def __init__(
        self, samples: Int[Tensor, " opened"], lengths: Int[Tensor, " opened"], cuts: Int[Tensor, " cuts"]
    ) -> None:
        self.samples, self.starts, self.cuts = samples, offsets(lengths), cuts

    def __len__(self) -> int:
        """Number of batches over all ranks."""
        return len(self.cuts) - 1

    def pieces(self, batch: int) -> list[Piece]:
        """What a batch holds; nothing where the plan has ended."""
        if batch >= len(self):
            return []
        start, stop = int(self.cuts[batch]), int(self.cuts[batch + 1])
        first = int(torch.searchsorted(self.starts, start, right=True)) - 1
        last = int(torch.searchsorted(self.starts, stop))
        edges = self.starts[first : last + 1].tolist()
        return [
            Piece(sample, max(start - begin, 0), min(stop, end) - begin)
            for sample, begin, end in zip(self.samples[first:last].tolist(), edges, edges[1:], strict=False)
        ]


class RankBatches(Sampler[list[Piece]]):
    """The batches of one rank: they are dealt in turn, and where they run out, empty ones stand in.

    So every rank has equally many, no sample is seen twice, and sums over ranks are those of one process.
    """

    def __init__(self, plan: Plan, rank: int, world_size: int) -> None:
        self.plan, self.rank, self.world_size = plan, rank, world_size

    def __len__(self) -> int:
        """The same on every rank."""
        return -(-len(self.plan) // self.world_size)

    def __iter__(self) -> Iterator[list[Piece]]:
        """Pieces of samples, batch by batch."""
        return (self.plan.pieces(self.rank + turn * self.world_size) for turn in range(len(self)))


def offsets(lengths: Int[Tensor, " n"]) -> Int[Tensor, " n+1"]:
    """Where each sample begins when all are laid end to end, and the end."""
    return torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
