"""Which file, and which line of it, cannot be read."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


def blame(files: list[Path], error: BaseException) -> str:
    """The first file that is damaged and what is wrong there; what `datasets` said if none is."""
    for path in files:
        for reason in problems(path):
            return f"{reason}; mend that file or leave it out"
    names = ", ".join(str(path) for path in files[:3]) or "the source"
    return f"{names}: {' '.join(str(error.__cause__ or error).split())[:300]}; mend it or leave it out"


def problems(path: Path) -> Iterator[str]:
    """What is wrong with a file."""
    if path.suffix == ".parquet":
        yield from refused(path, lambda: pyarrow.parquet.read_table(path))
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                text = line.decode()
                if path.suffix == ".jsonl":
                    json.loads(text)
            except ValueError as error:
                yield f"{path}, line {number}: {error}"
    if path.suffix == ".json":
        yield from refused(path, lambda: json_documents(path))
    if path.suffix == ".csv":
        yield from refused(path, lambda: pyarrow.csv.read_csv(path))


def json_documents(path: Path) -> None:
    """A .json file holds one document, or one in each line."""
    text = path.read_text(encoding="utf-8")
    try:
        json.loads(text)
    except ValueError:
        for line in filter(str.strip, text.splitlines()):
            json.loads(line)


def refused(path: Path, read: Callable[[], object]) -> Iterator[str]:
    """What a reader says of a file that it cannot read."""
    try:
        read()
    except (ValueError, OSError, pa.ArrowException) as error:
        yield f"{path}: {' '.join(str(error).split())}"
