"""Corpora for text classification: a text and the number of its class."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import RunError
from ..tokenising import Classified
from .corpus import Split
from .definitions import dotted
from .files import Files
from .offline import Offline, Row, held_out, unique
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

    def splits(self, origins: list[str]) -> dict[str, str]:
        """Package by package."""
        splits: dict[str, str] = {}
        for label in self.labels:
            splits |= held_out(origin for origin in origins if origin.split(".")[0] == label)
        return splits


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


class LabelledTexts(Files):
    """A column of text and one of classes, which are numbers from 0 or the names of labels.

    Args:
        path: Files, a folder, or the id of a dataset.
        labels: Names of the classes.
        text: The column that holds the text.
        label: The column that holds the class.
    """

    tokenising = Classified

    def __init__(self, path: str, labels: list[str], text: str = "text", label: str = "label", **options: Any) -> None:
        if len(labels) < 2 or len(set(labels)) < len(labels):
            raise ValueError(f"labels is {labels}; name at least two classes, each once")
        super().__init__({"text": text, "label": label}, path, **options)
        self.labels = tuple(labels)

    def rows(self, split: Split) -> Split:
        """With the classes as numbers."""
        return super().rows(split).map(partial(numbered, self.labels))


class SST2(LabelledTexts):
    """Sentences of film reviews, as in the paper: stanfordnlp/sst2 on the hub, whose test split has no classes."""

    def __init__(
        self,
        path: str = "stanfordnlp/sst2",
        labels: list[str] = ["negative", "positive"],  # noqa: B006 - read only
        text: str = "sentence",
        splits: dict[str, str] | None = {"train": "train", "validation": "validation"},  # noqa: B006
        **options: Any,
    ) -> None:
        super().__init__(path, labels, text, splits=splits, **options)


def numbered(labels: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """The class as a number.

    Raises:
        RunError: It is none of them.
    """
    label = labels.index(row["label"]) if row["label"] in labels else row["label"]
    if not isinstance(label, int) or not 0 <= label < len(labels):
        raise RunError(
            f"label is {label!r} at {str(row['text'])[:40]!r}, and the classes are 0 to {len(labels) - 1}, or "
            f"{', '.join(labels)}; name all with --data.corpus.labels, or leave that row out"
        )
    return {"label": label}
