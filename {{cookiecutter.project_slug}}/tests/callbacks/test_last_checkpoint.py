from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from adaptive_moe.callbacks import LastCheckpoint

from ..conftest import Run


class Fault(Callback):
    """Ends a run behind its first validation."""

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == 3 and trainer.ckpt_path is None:  # not again when the run goes on
            raise OSError("a fault")


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="every_n_train_steps is 0"):
        LastCheckpoint(0)


def test_a_run_that_goes_on_replaces_its_best_checkpoint(run: Run) -> None:
    """The last one before the fault, of step 2, does not know of the best, which the validation behind it wrote."""
    options = ["--trainer.max_steps=8", "--trainer.val_check_interval=2", "--trainer.callbacks+=LastCheckpoint"]
    options += ["--trainer.callbacks.every_n_train_steps=2"]
    with pytest.raises(OSError, match="a fault"):
        run("fit", *options, "--trainer.callbacks+=tests.callbacks.test_last_checkpoint.Fault")
    folder = Path("runs/text_completion/version_0/checkpoints")
    first = (folder / "best.ckpt").stat().st_mtime_ns
    run("fit", *options, "--ckpt_path=last")
    assert sorted(path.name for path in folder.iterdir()) == ["best.ckpt", "last-previous.ckpt", "last.ckpt"]
    assert (folder / "best.ckpt").stat().st_mtime_ns > first
