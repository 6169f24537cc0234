"""Corpora for text completion: running text, nothing else."""

import platform
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset, NamedSplit
from datasets.fingerprint import Hasher

from . import python_docs
from .corpus import Corpus, Splits, split_by


class PythonDocs(Corpus):
    """About two million characters of English that come with Python; needs no network."""

    def load(self, cache_dir: Path) -> Splits:
        """Read once for each Python version, about five seconds; later from the cache."""
        reader = Path(python_docs.__file__).read_text(encoding="utf-8")  # another reader, another cache
        version = Hasher.hash((platform.python_version(), reader))
        documents = Dataset.from_generator(
            read_rows, cache_dir=str(cache_dir), fingerprint=version, split=NamedSplit("documents")
        )
        return {**split_by("source", documents)}


def read_rows() -> Iterator[dict[str, str]]:
    """The documents as `datasets` takes them."""
    for document in python_docs.read_documents():
        yield document._asdict()
