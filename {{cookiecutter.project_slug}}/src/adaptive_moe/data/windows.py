"""What an epoch chooses from: all samples, or the next of them."""

from abc import ABC, abstractmethod
from itertools import islice
from typing import Any

import torch
from datasets import IterableDataset
from datasets.exceptions import DatasetGenerationError
from jaxtyping import Int
from torch import Tensor

from ..errors import RunError
from .batch import Batch
from .plan import Piece
from .samples import Samples
from .tokenising import Tokenising


class Windows(ABC):
    """Gives each epoch its samples."""

    same = False
    """Whether every epoch has the same samples, so that what was learnt of them holds on."""

    @abstractmethod
    def open(self, epoch: int) -> "Chosen":
        """The samples of an epoch; from one epoch to the next, or the same again."""

    def state_dict(self) -> dict[str, Any]:
        """What it takes to open the epoch again that was opened last."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - most have no state
        """Open that epoch again."""


class Everything(Windows):
    """All samples, every time."""

    same = True

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def open(self, epoch: int) -> Samples:
        """All of them."""
        return self.samples


class Slices(Windows):
    """The next `size` samples of a permutation; a new permutation when all have had their turn."""

    def __init__(self, samples: Samples, size: int, seed: int) -> None:
        self.samples, self.size, self.seed = samples, size, seed
        self.count = -(-len(samples) // size)

    def open(self, epoch: int) -> "Slice":
        """No sample is in two windows of one pass."""
        passed, number = divmod(epoch, self.count)
        generator = torch.Generator().manual_seed(self.seed * 100_003 + passed)
        permutation = torch.randperm(len(self.samples), generator=generator)
        return Slice(self.samples, permutation[number * self.size : (number + 1) * self.size])


class Slice:
    """Some samples under numbers of their own."""

    def __init__(self, samples: Samples, chosen: Int[Tensor, " chosen"]) -> None:
        self.samples, self.chosen = samples, chosen
        self.lengths = samples.lengths[chosen]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.chosen)

    def __getitems__(self, pieces: list[Piece]) -> list[Batch]:
        """The pieces of samples that were asked for."""
        chosen = self.chosen[[piece.sample for piece in pieces]].tolist()
        theirs = [piece._replace(sample=number) for piece, number in zip(pieces, chosen, strict=True)]
        return self.samples.numbered(theirs, [piece.sample for piece in pieces])


class Stream(Windows):
    """The samples of the next `size` rows of a stream, which begins again where it ends.

    Every rank reads the whole stream: so all have the same window, and the same number of batches.
    """

    def __init__(self, rows: IterableDataset, size: int, tokenising: Tokenising) -> None:
        self.rows, self.size, self.tokenising = rows, size, tokenising
        self.beginning: dict[str, Any] = rows.state_dict()
        self.opened = -1
        self.read_from(self.beginning)

    def read_from(self, place: dict[str, Any]) -> None:
        """`datasets` goes on where the state says, each time that it is asked for an iterator."""
        self.place = place
        self.rows.load_state_dict(place)
        self.iterator = iter(self.rows)

    def open(self, epoch: int) -> Samples:
        """Read on; what has been read last is not read again."""
        if epoch > self.opened:
            self.place = self.rows.state_dict()
            self.opened, self.samples = epoch, self.read() or self.read_again()
        return self.samples

    def read(self) -> Samples | None:
        """The next window that holds a sample; none at the end of the stream."""
        while rows := self.rows_ahead():
            if len(samples := self.tokenising.take(rows)):
                return samples
        return None

    def rows_ahead(self) -> list[dict[str, Any]]:
        """As many as a window has, or as there are."""
        try:
            return list(islice(self.iterator, self.size))
        except (DatasetGenerationError, ValueError) as error:
            reason = " ".join(str(error.__cause__ or error).split())[:300]
            raise RunError(f"the stream of texts cannot be read on: {reason}; mend or leave out that file") from error

    def read_again(self) -> Samples:
        """From the beginning."""
        self.read_from(self.beginning)
        if (samples := self.read()) is None:
            raise RunError("the train split of the corpus has nothing to learn from; add some, or name another corpus")
        return samples

    def state_dict(self) -> dict[str, Any]:
        """Where the open window begins."""
        return {"opened": self.opened, "place": self.place}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Read it again."""
        try:
            self.read_from(state["place"])
        except (KeyError, TypeError) as error:
            raise RunError(
                "the checkpoint's place in the stream is of another kind of corpus; "
                "leave out what changes it, or give the config that it was trained with"
            ) from error
        self.opened = state["opened"] - 1
        self.open(state["opened"])


Chosen = Samples | Slice


def windows_of(source: Samples | IterableDataset, size: int | None, seed: int, tokenising: Tokenising) -> Windows:
    """The windows of a training split; a stream needs a size."""
    if isinstance(source, Samples):
        return Slices(source, size, seed) if size else Everything(source)
    assert size
    return Stream(source, size, tokenising)
