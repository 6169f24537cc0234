"""Corpora that are made from the Python that runs."""

import inspect
import platform
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

from datasets import Dataset, NamedSplit
from datasets.fingerprint import Hasher

from ...errors import RunError
from .corpus import SPLITS, Corpus, Splits, divided, values

HELD_OUT_SHARE = 0.05
Row = dict[str, Any]


class Offline(Corpus):
    """Rows that a generator makes in some seconds, kept in the cache; needs no network.

    Each row has an `origin`, mostly the top-level module it is from, and no origin stands in two splits.
    """

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """All rows, in the same order each time."""

    def load(self, cache_dir: Path) -> Splits:
        """Read once for each Python version; later from the cache."""
        rows = Dataset.from_generator(
            self.rows, cache_dir=str(cache_dir), fingerprint=self.version(), split=NamedSplit("rows")
        )
        origins = list(values(rows, "origin"))
        splits = self.splits(origins)
        return {**divided(rows, (splits.get(origin, "train") for origin in origins))}

    def version(self) -> str:
        """Another Python, another reader or other options have another cache."""
        files = {*Path(__file__).parent.glob("*.py"), Path(inspect.getfile(type(self)))}
        readers = [path.read_text(encoding="utf-8") for path in sorted(files)]
        version: str = Hasher.hash((platform.python_version(), readers, type(self).__qualname__, vars(self)))
        return version

    def splits(self, origins: list[str]) -> dict[str, str]:
        """The split of each origin, one for each row, that is not for training."""
        return held_out(origins)


def unique(rows: Iterable[Row], column: str) -> Iterator[Row]:
    """The rows that differ from all before them in this column, in more than white space, wherever they are from."""
    seen: set[str] = set()
    for row in rows:
        value = row[column]
        text = " ".join((value if isinstance(value, str) else "\n".join(value)).split())
        if text not in seen:
            seen.add(text)
            yield row


def held_out(origins: Iterable[str]) -> dict[str, str]:
    """The origins of validation and of test: small ones, until each has a twentieth of the rows.

    Some modules hold a hundred times as many rows as others: by a checksum alone, a split may be one module or none.
    So it orders only those of about a size.

    Raises:
        RunError: There are not enough.
    """
    sizes = Counter(origins)
    share = HELD_OUT_SHARE * sizes.total()
    waiting = iter(sorted(sizes, key=lambda origin: (4 * sizes[origin] // share, crc32(origin.encode()))))
    splits: dict[str, str] = {}
    for split in SPLITS[1:]:
        held = 0
        while held < share and (origin := next(waiting, None)):
            splits[origin] = split
            held += sizes[origin]
    if len(splits) == len(sizes):  # and nothing is left for training
        raise RunError(f"the corpus is of {len(sizes)} origins, and no two splits share one; give rows of more")
    return splits
