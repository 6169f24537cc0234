"""Checkpoints that are whole, whatever happens while they are written."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins import TorchCheckpointIO
from lightning.pytorch.utilities import rank_zero_warn

from ..atomic import whole

LAST, PREVIOUS = "last.ckpt", "last-previous.ckpt"


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the old file, and takes its place when all is on the disk; of `last.ckpt` the one before is kept.

    Where there is no room, the old file stays, with a warning, and training goes on. The format is torch's, a zip
    archive with a checksum of each record.

    Attributes:
        failed: Whether the last one could not be written.
    """

    failed = False

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """On the rank that writes; what is no file of this system's goes Lightning's way."""
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        path = Path(path)
        try:
            with whole(path, path.with_name(PREVIOUS) if path.name == LAST else None) as file:
                torch.save(checkpoint, file)
            self.failed = False
        except (OSError, RuntimeError) as error:  # torch covers the disk's error with its own
            reason = next((each for each in (error, error.__context__) if isinstance(each, OSError)), None)
            if reason is None:
                raise
            self.failed = True
            rank_zero_warn(
                f"{path} cannot be written ({reason.strerror}): training goes on, and what was there is there still; "
                "make room before the next one"
            )

    def remove_checkpoint(self, path: str | Path) -> None:
        """Unless what should take its place is not there."""
        if not self.failed:
            super().remove_checkpoint(path)


def clear(folder: Path) -> None:
    """What a process left that was killed while it wrote."""
    for path in folder.glob("*.ckpt.*partial"):
        path.unlink()
