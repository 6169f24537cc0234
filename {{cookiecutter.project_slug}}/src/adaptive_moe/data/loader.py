"""A data loader that continues in the middle of an epoch."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

from torch.utils.data import DataLoader, Dataset

from .batch import Batch, PackedRows
from .order import Order


class ResumableLoader:
    """Batches in the order given, behind those that are done.

    Nothing is drawn before the first batch is asked for: Lightning makes the iterator before it
    sets the epoch and before it knows how far a restored run had come.

    Args:
        rows: One row of a batch for each number in the order.
        order: The row numbers of each batch.
        done: How many batches of this epoch are done, asked when the epoch's first batch is.
    """

    def __init__(self, rows: Sequence[Batch] | PackedRows, order: Order, done: Callable[[], int] = lambda: 0) -> None:
        self.sampler = self.batch_sampler = order  # where Lightning looks for `set_epoch`
        self.batches: DataLoader[Batch] = DataLoader(cast(Dataset[Batch], rows), batch_sampler=order)
        self.done = done

    def __len__(self) -> int:
        """Batches in a whole epoch, also where one starts late."""
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        """The rest of this epoch."""
        yield from islice(self.batches, self.done(), None)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the trainer's progress says it all. That there is a state tells Lightning that it may resume."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to load."""
