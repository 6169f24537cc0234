"""A data loader that continues in the middle of an epoch."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast

from torch.utils.data import DataLoader, Dataset

from .batch import Batch, PackedRows
from .order import Order


class ResumableLoader:
    """Batches in the order given, from the position that was restored.

    Nothing is drawn before the first batch is asked for: Lightning makes the iterator before it
    sets the epoch.
    """

    def __init__(self, rows: Sequence[Batch] | PackedRows, order: Order) -> None:
        self.sampler = self.batch_sampler = order  # where Lightning looks for `set_epoch`
        self.batches: DataLoader[Batch] = DataLoader(cast(Dataset[Batch], rows), batch_sampler=order)
        self.position = self.start = 0

    def __len__(self) -> int:
        """Batches in a whole epoch, also where one starts late."""
        return len(self.sampler)

    def __iter__(self) -> Iterator[Batch]:
        """The rest of this epoch; later epochs are whole."""
        self.position, self.start = self.start, 0
        for batch in islice(self.batches, self.position, None):
            self.position += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Epoch and number of batches handed over in it."""
        return {"epoch": self.sampler.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue behind the last batch of the saved run."""
        self.sampler.epoch = state["epoch"]
        self.start = state["position"] % len(self)
