"""Files that are whole or not there."""

from contextlib import suppress
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Write beside the file, then take its place.

    Raises:
        OSError: There is no room; what was there before is there still.
    """
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
