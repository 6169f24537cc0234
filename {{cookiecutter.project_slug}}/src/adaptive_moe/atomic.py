"""Files that are whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def whole(path: Path, previous: Path | None = None) -> Iterator[BinaryIO]:
    """A file beside `path`, which takes its place when all of it is on the disk; what was there becomes `previous`.

    Raises:
        OSError: There is no room; what was there before is there still.
    """
    partial = path.with_name(f"{path.name}.{uuid4().hex[:8]}.partial")  # two may write it at once
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if previous and path.exists():
            path.replace(previous)
        partial.replace(path)
        with suppress(OSError):  # not every system can
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def replace(path: Path, text: str) -> None:
    """Write a text whole.

    Raises:
        OSError: There is no room; what was there before is there still.
    """
    with whole(path) as file:
        file.write(text.encode())
