"""`--ckpt_path last` and `--ckpt_path best`: which file is meant, and whether it is whole."""

import warnings
from contextlib import suppress
from pathlib import Path

from jsonargparse import Namespace

from ..damage import fault
from .errors import refuse

KEPT = {"last": ("last", "last-previous", "best"), "best": ("best",)}
"""What is taken for each, if the one before is damaged."""

TRAINING = ("optimizer_states", "lr_schedulers", "loops")
"""What training goes on with, beside the weights."""


def find_checkpoint(config: Namespace, subcommand: str) -> None:
    """Put the path of the file that is meant into `config`, or refuse what does not exist or is not whole."""
    wanted = config.ckpt_path
    if wanted in ("last", "best"):
        if isinstance(config.trainer.logger, Namespace):  # without one logger, Lightning looks in its own folder
            choose_run(config, wanted, training=subcommand == "fit")
    elif wanted and "://" not in wanted:
        if not Path(wanted).is_file():
            refuse(f"ckpt_path is {wanted}, and there is no such file; give a .ckpt file of a run, or last, or best")
        if reason := fault(Path(wanted), *(TRAINING if subcommand == "fit" else ())):
            refuse(f"ckpt_path is {wanted}, and {reason}; give a .ckpt file of a run, or last, or best")
    elif not wanted and subcommand == "predict":
        refuse("ckpt_path is not given, and an untrained model predicts noise; add --ckpt_path last, or best")


def choose_run(config: Namespace, name: str, training: bool) -> None:
    """The newest run below the logger's folder, or the version that was named; training goes on in its folder.

    Training starts afresh where there is none, so that one command starts and resumes.
    """
    logger = config.trainer.logger.init_args
    folder = Path(logger.save_dir, logger.name)
    run = newest_run(folder, logger.version)
    if run and (found := sound(run / "checkpoints", name)):
        config.ckpt_path, logger.version = str(found), run.name
        # A run that goes on has checkpoints; Lightning warns of a folder that is not empty.
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")
    elif run and not (training and name == "last"):
        refuse(f"ckpt_path is {name}, and the run {run} has none; take last: best is written when validation improves")
    elif training:
        config.ckpt_path = None
        print(f"ckpt_path is {name}, and no run in {folder} has got to one: a new one starts.", flush=True)
    else:
        refuse(f"ckpt_path is {name}, and no run in {folder} has a checkpoint; train first: python train.py fit")


def sound(folder: Path, name: str) -> Path | None:
    """The checkpoint that is meant; one that is damaged is set aside, and the one before taken."""
    for path in (folder / f"{each}.ckpt" for each in KEPT[name]):
        if path.is_file():
            if not (reason := fault(path)):
                return path
            print(f"{path}: {reason}; it is set aside as {path.name}.damaged, and the one before is used", flush=True)
            with suppress(FileNotFoundError):  # another rank was first
                path.rename(f"{path}.damaged")
    return None


def newest_run(folder: Path, version: int | str | None) -> Path | None:
    """The run with the youngest checkpoint, or the one that is named."""
    run = f"version_{version}" if isinstance(version, int) else version or "version_*"
    youngest = max(folder.glob(f"{run}/checkpoints/*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    return youngest and youngest.parent.parent
