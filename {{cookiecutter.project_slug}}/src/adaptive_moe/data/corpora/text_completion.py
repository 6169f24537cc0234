"""Corpora for text completion: running text, nothing else."""

from collections.abc import Iterator
from typing import Any

from ..tokenising import RunningText
from . import python_docs
from .files import Files
from .offline import Offline


class PythonDocs(Offline):
    """The English that comes with Python, about two million characters; needs no network."""

    tokenising = RunningText

    def rows(self) -> Iterator[dict[str, Any]]:
        """Reference topics, docstrings, documentation of C modules; about five seconds."""
        for document in python_docs.read_documents():
            yield {"text": document.text, "origin": document.source}


class Texts(Files):
    """A column of text.

    Args:
        path: Files, a folder, or the id of a dataset.
        text: The column that holds it.
    """

    tokenising = RunningText

    def __init__(self, path: str, text: str = "text", **options: Any) -> None:
        super().__init__({"text": text}, path, **options)


class WikiText(Texts):
    """WikiText-103, as in the paper: Salesforce/wikitext on the hub, or its files."""

    def __init__(
        self, path: str = "Salesforce/wikitext", name: str | None = "wikitext-103-raw-v1", **options: Any
    ) -> None:
        super().__init__(path, name=name, **options)
