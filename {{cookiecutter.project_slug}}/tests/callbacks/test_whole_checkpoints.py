import resource
from pathlib import Path

import pytest
import torch

from ..conftest import Run

FOLDER = Path("runs/text_completion/version_0/checkpoints")


def steps() -> dict[str, int]:
    """What each checkpoint is of."""
    paths = FOLDER.glob("*.ckpt")
    return {path.stem: torch.load(path, weights_only=True)["global_step"] for path in paths}


def test_a_disk_that_is_full_leaves_the_old_checkpoint_and_training_goes_on(run: Run) -> None:
    """No file may become as large as a checkpoint."""
    options = ["--trainer.limit_val_batches=0", "--trainer.num_sanity_val_steps=0"]
    run("fit", *options, "--trainer.max_steps=2")
    whole = (FOLDER / "last.ckpt").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) // 2, limits[1]))
    try:
        with pytest.warns(UserWarning, match=r"last.ckpt cannot be written \(File too large\): training goes on"):
            made = run("fit", *options, "--trainer.max_steps=4", "--ckpt_path=last")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert made.trainer.global_step == 4
    assert [path.name for path in FOLDER.iterdir()] == ["last.ckpt"]
    assert (FOLDER / "last.ckpt").read_bytes() == whole


def test_the_one_before_the_last_is_kept_and_what_was_half_written_goes(run: Run) -> None:
    run("fit", "--trainer.max_steps=2", "--trainer.limit_val_batches=0")
    (FOLDER / "last.ckpt.0a1b2c3d.partial").write_text("killed")
    (FOLDER / "best.ckpt.partial").write_text("killed")
    run("fit", "--trainer.max_steps=3", "--trainer.limit_val_batches=0", "--ckpt_path=last")
    assert steps() == {"last": 3, "last-previous": 2}
    assert not list(FOLDER.glob("*.partial"))
