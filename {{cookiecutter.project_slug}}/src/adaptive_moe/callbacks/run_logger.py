"""TensorBoard, and the same numbers for programs."""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn
from torch.utils.tensorboard import SummaryWriter

from ..errors import RunError

REMEDY = "make room there, or choose another: --trainer.logger.save_dir"
QUEUE = 1000  # records; one log fills torch's ten, and then training would wait for the disk


@contextmanager
def told_of_folder(folder: str) -> Iterator[None]:
    """A RunError in place of what the system says of a run's folder that takes nothing."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{folder} cannot be written ({error.strerror}); {REMEDY}") from error


def mend(path: Path) -> None:
    """Cut a last line that a kill or a full disk has torn."""
    if path.is_file():
        with path.open("r+b") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            if file.read() not in (b"", b"\n"):
                file.truncate(path.read_bytes().rfind(b"\n") + 1)


class RunLogger(TensorBoardLogger):
    """Writes TensorBoard's files, and every scalar also into `metrics.jsonl`: a line for each step that logs.

    A validation has a line of its own, and so has what is logged behind a checkpoint. Of several values of a tag at one
    step, the last counts: a run that continues repeats what came after its checkpoint. If the disk is full, the curves
    end with one warning, and training goes on.
    """

    ended = False

    @cached_property
    def lines(self) -> dict[int | None, dict[str, Any]]:
        """Those that are not written yet, by step."""
        return {}

    @property
    def experiment(self) -> SummaryWriter:
        """TensorBoard's writer, which forgives a disk."""
        is_new = self._experiment is None
        self._kwargs.setdefault("max_queue", QUEUE)
        with told_of_folder(self.log_dir):
            writer: SummaryWriter = super().experiment
        if is_new and isinstance(writer, SummaryWriter):
            self.forgiving(mend)(Path(self.log_dir, "metrics.jsonl"))
            records = writer._get_file_writer().event_writer._async_writer._writer  # type: ignore[no-untyped-call]
            for name in ("write", "flush", "close"):  # in a thread, whose error would come up anywhere
                setattr(records, name, self.forgiving(getattr(records, name)))
        return writer

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Into both."""
        super().log_metrics(metrics, step)
        if not self.ended:  # or they would wait for ever
            self.lines.setdefault(step, {"step": step}).update(metrics)

    def write_lines(self) -> None:
        """A value that is no number is null: JSON has no NaN."""
        path = Path(self.log_dir, "metrics.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            for values in self.lines.values():
                finite = {tag: value if math.isfinite(value) else None for tag, value in values.items()}
                file.write(json.dumps(finite) + "\n")
        self.lines.clear()

    @rank_zero_only
    def save(self) -> None:
        """Lightning calls this when all has been logged of a step."""
        self.forgiving(super().save)()
        self.forgiving(self.write_lines)()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """What is left; a start that has failed before anything was logged leaves no folder."""
        if self._experiment is not None:
            self.save()
            super().finalize(status)

    def forgiving(self, write: Callable[..., None]) -> Callable[..., None]:
        """Until a disk is full; then it does nothing, since half a record cannot be read over."""

        def call(*values: Any) -> None:
            try:
                if not self.ended:
                    write(*values)
            except OSError as error:
                self.ended = True
                rank_zero_warn(
                    f"{self.log_dir} cannot be written ({error.strerror}): the curves end here, and training goes on; "
                    "make room before the next run"
                )

        return call
