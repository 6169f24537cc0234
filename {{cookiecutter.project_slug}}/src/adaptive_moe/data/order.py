"""Which rows make a batch, in which order, on which rank."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

FILLER = -1  # the row that holds nothing


class Order(Sampler[list[int]]):
    """Batches of row numbers: one order for all ranks, dealt to them in turn.

    Every rank gets the same number of batches of the same size. Where rows run out, fillers stand
    in, so that no row is seen twice and sums over ranks equal those of one process.

    Args:
        num_rows: Rows in the data set.
        batch_size: Rows in a batch of one rank.
        shuffle: Draw a new order each epoch, from `seed` and the epoch alone.
        rank: This process, of `world_size`.
    """

    def __init__(
        self, num_rows: int, batch_size: int, *, shuffle: bool, seed: int = 0, rank: int = 0, world_size: int = 1
    ) -> None:
        self.num_rows, self.batch_size, self.shuffle, self.seed = num_rows, batch_size, shuffle, seed
        self.rank, self.world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of batches, the same on every rank."""
        return -(-self.num_rows // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[list[int]]:
        """This rank's batches of the current epoch."""
        rows = torch.arange(self.num_rows)
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
            rows = rows[torch.randperm(self.num_rows, generator=generator)]
        size = self.batch_size * self.world_size
        rows = torch.cat([rows, torch.full((len(self) * size - self.num_rows,), FILLER)])
        yield from rows.view(-1, size)[:, self.rank :: self.world_size].tolist()
