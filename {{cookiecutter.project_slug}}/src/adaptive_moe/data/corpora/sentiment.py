"""Corpora for text classification: a text and the number of its class."""

import re
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset

from ..tokenising import Classified
from .definitions import dotted
from .offline import Offline, Row, held_out, select, unique
from .python_docs import docstrings, parsed, standard_library

SHORTEST = 40


class PackageDocs(Offline):
    """Which package of the standard library does a paragraph of documentation describe?

    The package's own name is masked. An origin is a file, `asyncio.events`: all classes are in all splits.
    """

    tokenising = Classified

    labels: tuple[str, ...] = (
        "asyncio",
        "concurrent",
        "email",
        "http",
        "importlib",
        "json",
        "logging",
        "multiprocessing",
        "unittest",
        "urllib",
        "wsgiref",
        "xml",
    )
    """The packages, of at least three documented files, with the most text in Python 3.11 to 3.14."""

    def rows(self) -> Iterator[Row]:
        """`text`, `label` and `origin`."""
        yield from unique(read_paragraphs(standard_library(), self.labels), "text")

    def split(self, rows: Dataset) -> dict[str, Dataset]:
        """Package by package."""
        splits: dict[str, str] = {}
        for label in self.labels:
            splits |= held_out(origin for origin in rows["origin"] if origin.split(".")[0] == label)
        return select(rows, splits)


def read_paragraphs(root: Path, labels: tuple[str, ...]) -> Iterator[Row]:
    """The paragraphs of the packages' docstrings."""
    for package, label in zip(labels, range(len(labels)), strict=True):
        for parts, tree in parsed(root / package):
            for docstring in docstrings(tree):
                for text in paragraphs(mask(docstring, package)):
                    yield {"text": text, "label": label, "origin": dotted((package, *parts))}


def paragraphs(docstring: str) -> Iterator[str]:
    """Each in one line, without those of a few words."""
    lines = (" ".join(paragraph.split()) for paragraph in docstring.split("\n\n"))
    return (line for line in lines if len(line) >= SHORTEST)


def mask(text: str, package: str) -> str:
    """`EmailPolicy` and `email.policy` are `<package>Policy` and `<package>.policy`."""
    return re.sub(re.escape(package), "<package>", text, flags=re.IGNORECASE)
