"""Where a task's text comes from."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias
from zlib import crc32

from datasets import Dataset, IterableDataset

from ..tokenising import Tokenising

SPLITS = ("train", "validation", "test")
Split: TypeAlias = Dataset | IterableDataset
Splits: TypeAlias = dict[str, Split]


class Corpus(ABC):
    """A source of rows, already split."""

    tokenising: ClassVar[type[Tokenising]]
    """The form that the rows have."""

    labels: Sequence[str] = ()
    """Names of the classes, where rows have one."""

    streaming: bool = False
    """Whether the training split is read as it comes, and never whole."""

    @abstractmethod
    def load(self, cache_dir: Path) -> Splits:
        """Splits named train, validation and test, whose rows have the columns of the form; train may be a stream.

        What is slow to read is kept in `cache_dir`, and the same call later gives the same rows.
        """


def split_by(column: str, rows: Dataset, names: tuple[str, ...] = SPLITS) -> dict[str, Dataset]:
    """90 % train, 5 % validation and 5 % test, whole sources each: a checksum of the column decides.

    What falls to a split that is not named stays in train.
    """
    return divided(rows, (split_of(source) for source in values(rows, column)), names)


def values(rows: Dataset, column: str) -> Iterator[Any]:
    """A column, part by part: row by row `datasets` takes seconds, and large texts at once may not fit into memory."""
    for part in rows.select_columns(column).iter(1000):
        yield from part[column]


def divided(rows: Dataset, splits: Iterable[str], names: tuple[str, ...] = SPLITS) -> dict[str, Dataset]:
    """The rows of each split that is named, if these are the splits of the rows; others are for training."""
    numbers: dict[str, list[int]] = {name: [] for name in names}
    for i, split in enumerate(splits):
        numbers[split if split in names else "train"].append(i)
    return {name: rows.select(chosen) for name, chosen in numbers.items()}


def split_of(source: object) -> str:
    """The split of a source; it depends on nothing but its name, so it survives changes of the corpus."""
    return {0: "validation", 1: "test"}.get(crc32(str(source or "").encode()) % 20, "train")
