"""Rows from anywhere that `datasets` reads: files, folders, the hub."""

import glob
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict, IterableDatasetDict, load_dataset
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError

from ...errors import RunError
from .blame import blame
from .columns import renamed
from .corpus import SPLITS, Corpus, Split, Splits, split_by, split_of

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
HELD_OUT_ROWS = 1000


class Files(Corpus):
    """Rows of local files, of a folder with a file for each split, of a dataset on the hub.

    Splits that the source lacks are taken out of its training split, a twentieth each, by a checksum of the text; of
    a stream, the first thousand of these.

    Args:
        columns: The source's name of each column that a row has; a dot goes into a nested one.
        path: json, jsonl, csv, parquet, txt or md files (wildcards are welcome), a folder, or the id of a dataset. In
            txt and md, a text is a paragraph.
        name: Of a configuration, where a dataset on the hub has several.
        streaming: Read training rows as they come, without a copy on the disk.
        max_samples: The most rows of each split; None takes all.
        splits: The source's name of each split, for example `{train: train, validation: dev}`; None takes those
            that bear these names.
    """

    def __init__(
        self,
        columns: dict[str, str],
        path: str,
        name: str | None = None,
        streaming: bool = False,
        max_samples: int | None = None,
        splits: dict[str, str] | None = None,
    ) -> None:
        if max_samples is not None and max_samples < 1:
            raise ValueError(f"max_samples is {max_samples}; choose 1 or more, or null for all")
        if splits is not None and not {"train"} <= splits.keys() <= set(SPLITS):
            raise ValueError(f"splits names {', '.join(splits)}; it needs train, and may have validation and test")
        self.columns, self.path, self.name, self.streaming = columns, path, name, streaming
        self.max_samples, self.splits = max_samples, splits

    def load(self, cache_dir: Path) -> Splits:
        """Through the cache of `datasets`, in `cache_dir`.

        Raises:
            RunError: There is no such source or column, or a file is damaged.
        """
        files = self.files()
        try:
            splits = self.named(self.read(files, cache_dir))
            return self.complete({name: self.rows(split) for name, split in splits.items()})
        except RunError:
            raise
        except (DatasetGenerationError, ValueError, StopIteration) as error:  # the last from a file of blank lines
            if getattr(error.__cause__, "errno", None):  # the disk's, and no damaged file's, which has no number
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
        files = sorted({path for each in found for path in below(each)})
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

    def named(self, found: Mapping[str, Split]) -> Splits:
        """The splits that are wanted, under our names, and as many rows of each as are wanted."""
        wanted = self.splits or {ALIASES.get(name, name): name for name in found}
        # a file named dev holds the split validation already, and may be asked for by either name
        known = {**{alias: found[name] for alias, name in ALIASES.items() if name in found}, **found}
        if missing := sorted(set(wanted.values()) - known.keys()):
            raise RunError(
                f"splits names {', '.join(missing)}, and {self.path} has {', '.join(found)}; choose of those"
            )
        return {ours: beginning(known[theirs], self.max_samples) for ours, theirs in wanted.items()}

    def rows(self, split: Split) -> Split:
        """With the columns of the form."""
        return renamed(split, self.columns, self.tokenising.columns, self.path)

    def complete(self, splits: Splits) -> Splits:
        """With what is missing taken out of train, so that no text is in two of them."""
        if "train" not in splits:
            raise RunError(f"{self.path} has the splits {', '.join(splits)}, and none is train; name its files train-*")
        missing, text = tuple(name for name in SPLITS if name not in splits), self.tokenising.inputs[-1]
        train = splits["train"]
        if isinstance(train, Dataset):
            return {**splits, **split_by(text, train, ("train", *missing))} if missing else splits
        rest = train.filter(lambda row: split_of(row[text]) not in missing)
        taken = {name: train.filter(partial(falls_to, name, text)).take(HELD_OUT_ROWS) for name in missing}
        return {"train": rest, **{name: whole({**splits, **taken}[name]) for name in SPLITS[1:]}}


def falls_to(split: str, column: str, row: Mapping[str, Any]) -> bool:
    """Whether a row of a stream is one of these."""
    return split_of(row[column]) == split


def beginning(split: Split, max_samples: int | None) -> Split:
    """The first rows."""
    if max_samples is None:
        return split
    if isinstance(split, Dataset):
        return split.select(range(min(max_samples, len(split))))
    return split.take(max_samples)


def below(path: Path) -> list[Path]:
    """A file itself; of a folder, the files that name a split, or else all but those of a cache that lies there too."""
    if path.is_file():
        return [path]
    files = [each for each in path.rglob("*") if each.is_file() and each.suffix in BUILDERS]
    files = [each for each in files if not each.name.startswith(("dataset_info.json", "tokenizer-"))]
    return [each for each in files if split_of_name(each)] or files


def split_of_name(path: Path) -> str | None:
    """The `train` of train-00.parquet."""
    word = path.name.lower().replace(".", "-").replace("_", "-").split("-")[0]
    word = ALIASES.get(word, word)
    return word if word in SPLITS else None


def whole(stream: Split) -> Dataset:
    """A split that is read to its end."""
    return Dataset.from_list(list(stream))
