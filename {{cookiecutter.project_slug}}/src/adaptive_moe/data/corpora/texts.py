"""Texts from anywhere that `datasets` reads: files, folders, the hub."""

import glob
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict, Value, load_dataset
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError

from ...errors import RunError
from .blame import blame
from .corpus import SPLITS, Corpus, Splits, split_by, split_of

BUILDERS = {
    ".json": "json",
    ".jsonl": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".txt": "text",
    ".md": "text",
}
OPTIONS: dict[str, dict[str, Any]] = {"text": {"sample_by": "paragraph"}}
ALIASES = {"valid": "validation", "val": "validation", "dev": "validation"}
HELD_OUT = 1000


class Texts(Corpus):
    """A column of text: of local files, of a folder with a file for each split, of a dataset on the hub.

    Splits that the source lacks are taken out of its training split, a twentieth each, by a checksum of the text; of
    a stream, the first thousand of these.

    Args:
        path: json, jsonl, csv, parquet, txt or md files (wildcards are welcome), a folder, or the id of a dataset. In
            txt and md, a text is a paragraph.
        name: Of a configuration, where a dataset on the hub has several.
        column: That holds the text.
        streaming: Read training texts as they come, without a copy on the disk.
    """

    def __init__(self, path: str, name: str | None = None, column: str = "text", streaming: bool = False) -> None:
        self.path, self.name, self.column, self.streaming = path, name, column, streaming

    def load(self, cache_dir: Path) -> Splits:
        """Through the cache of `datasets`, in `cache_dir`.

        Raises:
            RunError: There is no such source or column, or a file is damaged.
        """
        files = self.files()
        try:
            found = self.read(files, cache_dir)
            splits = {ALIASES.get(name, name): self.texts(split) for name, split in found.items()}
            return self.complete(splits)
        except RunError:
            raise
        except (DatasetGenerationError, ValueError, StopIteration) as error:  # the last from a file of blank lines
            if isinstance(error.__cause__, OSError):  # of the cache, not of the corpus
                raise
            raise RunError(f"the corpus {self.path} cannot be read: {blame(files, error)}") from error

    def files(self) -> list[Path]:
        """What the path names on this machine; nothing if it is an id.

        Raises:
            RunError: A file is empty, or of a kind that is not known.
        """
        literal = Path(self.path)  # whose name may hold brackets
        names = glob.glob(self.path, recursive=True)  # noqa: PTH207 - the path may be absolute
        found = [literal] if literal.exists() else [Path(name) for name in names]
        files = sorted(path for each in found for path in below(each))
        if found and not files:
            raise RunError(f"path is {self.path}, and no file in it ends in {', '.join(BUILDERS)}; name another folder")
        for path in files:
            if path.suffix not in BUILDERS:
                raise RunError(f"path is {path}; its name must end in {', '.join(BUILDERS)}: rename or convert it")
            if not path.stat().st_size:
                raise RunError(f"path is {path}, and that file is empty; fill it or leave it out")
        return files

    def read(self, files: list[Path], cache_dir: Path) -> DatasetDict | IterableDatasetDict:
        """All splits that there are."""
        if not files:
            return self.read_hub(cache_dir)
        kinds = {BUILDERS[path.suffix] for path in files}
        if len(kinds) > 1:
            raise RunError(
                f"path is {self.path}, and its files are of {len(kinds)} kinds: name one, for example *.jsonl"
            )
        (kind,) = kinds
        data_files: dict[str, list[str]] = {}
        for path in files:
            data_files.setdefault(split_of_name(path) or "train", []).append(glob.escape(str(path)))
        options = {"cache_dir": str(cache_dir), "streaming": self.streaming, **OPTIONS.get(kind, {})}
        return load_dataset(kind, data_files=data_files, **options)

    def read_hub(self, cache_dir: Path) -> DatasetDict | IterableDatasetDict:
        """By id."""
        if self.path.startswith(("/", ".", "~")) or Path(self.path).suffix in BUILDERS:
            raise RunError(f"path is {self.path}, and there is no such file; mind the spelling")
        try:
            return load_dataset(self.path, self.name, cache_dir=str(cache_dir), streaming=self.streaming)
        except (ConnectionError, DatasetNotFoundError, FileNotFoundError) as error:
            raise RunError(
                f"path is {self.path}; no file here has that name, and the hub does not give a dataset of it "
                f"({' '.join(str(error).split())[:120]}): mind the spelling and the network, or use the corpus that "
                "needs none: --data.corpus PythonDocs"
            ) from error

    def texts(self, split: Dataset | IterableDataset) -> Dataset | IterableDataset:
        """The one column, under the name `text`."""
        columns = split.column_names or list(next(iter(split)))
        if self.column not in columns:
            raise RunError(
                f"column is {self.column}, and {self.path} has the columns {', '.join(columns)}; "
                f"choose one: --data.corpus.column {columns[0]}"
            )
        split = split.select_columns([self.column])
        if split.features and split.features[self.column] not in (Value("string"), Value("large_string")):
            kind = split.features[self.column]
            raise RunError(f"column is {self.column}, and in {self.path} it holds {kind}, no text; choose another")
        return split if self.column == "text" else split.rename_column(self.column, "text")

    def complete(self, splits: Splits) -> Splits:
        """With what is missing taken out of train."""
        if "train" not in splits:
            raise RunError(f"{self.path} has the splits {', '.join(splits)}, and none is train; name its files train-*")
        missing = tuple(name for name in SPLITS if name not in splits)
        train = splits["train"]
        if isinstance(train, Dataset):
            return {**splits, **split_by("text", train, ("train", *missing))} if missing else splits
        held_out = {name: held(train, name) if name in missing else whole(splits[name]) for name in SPLITS[1:]}
        return {"train": train.filter(lambda row: split_of(row["text"] or "") not in missing), **held_out}


def below(path: Path) -> list[Path]:
    """A file itself; of a folder, the files that name a split, or else all but those of a cache that lies there too."""
    if path.is_file():
        return [path]
    files = [each for each in path.rglob("*") if each.is_file() and each.suffix in BUILDERS]
    files = [each for each in files if not each.name.startswith(("dataset_info.json", "tokenizer-"))]
    return [each for each in files if split_of_name(each)] or files


def split_of_name(path: Path) -> str | None:
    """The `train` of train-00.parquet."""
    word = path.name.replace(".", "-").replace("_", "-").split("-")[0]
    word = ALIASES.get(word, word)
    return word if word in SPLITS else None


def whole(stream: Dataset | IterableDataset) -> Dataset:
    """A split that is read to its end."""
    return Dataset.from_dict({"text": [row["text"] for row in stream]})


def held(stream: IterableDataset, split: str) -> Dataset:
    """The first texts of a stream that fall to a split."""
    texts = (row["text"] for row in stream)
    return Dataset.from_dict({"text": list(islice((t for t in texts if split_of(t or "") == split), HELD_OUT))})
