"""`--ckpt_path last` and `--ckpt_path best`: which file is meant."""

import warnings
from pathlib import Path

from jsonargparse import Namespace

from .errors import refuse


def find_checkpoint(config: Namespace, subcommand: str) -> None:
    """Put the path of the file that is meant into `config`, or refuse what does not exist."""
    wanted = config.ckpt_path
    if wanted in ("last", "best"):
        if isinstance(config.trainer.logger, Namespace):  # without one logger, Lightning looks in its own folder
            choose_run(config, wanted, training=subcommand == "fit")
    elif wanted and "://" not in wanted and not Path(wanted).is_file():
        refuse(f"ckpt_path is {wanted}, and there is no such file; give a .ckpt file of a run, or last, or best")
    elif not wanted and subcommand == "predict":
        refuse("ckpt_path is not given, and an untrained model predicts noise; add --ckpt_path last, or best")


def choose_run(config: Namespace, name: str, training: bool) -> None:
    """The newest run below the logger's folder, or the version that was named; training goes on in its folder.

    Training starts afresh where there is none, so that one command starts and resumes.
    """
    logger = config.trainer.logger.init_args
    folder = Path(logger.save_dir, logger.name)
    run = newest_run(folder, logger.version)
    if run and (run / f"checkpoints/{name}.ckpt").is_file():
        config.ckpt_path, logger.version = str(run / f"checkpoints/{name}.ckpt"), run.name
        # A run that goes on has checkpoints; Lightning warns of a folder that is not empty.
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")
    elif run and not (training and name == "last"):
        refuse(f"ckpt_path is {name}, and the run {run} has none; take last: best is written when validation improves")
    elif training:
        config.ckpt_path = None
        print(f"ckpt_path is {name}, and no run in {folder} has got to one: a new one starts.", flush=True)
    else:
        refuse(f"ckpt_path is {name}, and no run in {folder} has a checkpoint; train first: python train.py fit")


def newest_run(folder: Path, version: int | str | None) -> Path | None:
    """The run with the youngest checkpoint, or the one that is named."""
    run = f"version_{version}" if isinstance(version, int) else version or "version_*"
    youngest = max(folder.glob(f"{run}/checkpoints/*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    return youngest and youngest.parent.parent
