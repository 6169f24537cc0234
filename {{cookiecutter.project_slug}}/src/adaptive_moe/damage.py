"""Whether a checkpoint is what it was when it was written."""

from pathlib import Path
from zipfile import ZipFile

import torch


def fault(path: Path, *needed: str) -> str:
    """What is wrong with it, in words; nothing if every record has its checksum, and it holds what is needed, plainly.

    Raises:
        OSError: It cannot be opened.
    """
    path.open("rb").close()
    try:
        with ZipFile(path) as archive:
            if record := archive.testzip():
                return f"it is damaged in {record}"
        content = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except Exception:  # zipfile and torch have a dozen for an archive that is not one
        return "it is damaged, or no checkpoint"
    missing = [key for key in ("state_dict", *needed) if not isinstance(content, dict) or key not in content]
    return f"it has no {missing[0]}, so it is no checkpoint of a run" if missing else ""
