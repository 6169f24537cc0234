"""`--ckpt_path last` and `--ckpt_path best`: which file is meant."""

import warnings
from pathlib import Path

from jsonargparse import Namespace

from .errors import refuse


def find_checkpoint(config: Namespace, training: bool) -> None:
    """Put the path of the file that is meant into `config`, or refuse what does not exist."""
    wanted = config.ckpt_path
    if wanted in ("last", "best"):
        if isinstance(config.trainer.logger, Namespace):  # without one logger, Lightning looks in its own folder
            choose_run(config, wanted, training)
    elif wanted and "://" not in wanted and not Path(wanted).is_file():
        refuse(f"ckpt_path is {wanted}, and there is no such file; give a .ckpt file of a run, or last, or best")


def choose_run(config: Namespace, name: str, training: bool) -> None:
    """The newest run below the logger's folder, or the version that was named; training goes on in its folder.

    Training starts afresh where there is none, so that one command starts and resumes.
    """
    logger = config.trainer.logger.init_args
    if found := newest(Path(logger.save_dir, logger.name), logger.version, name):
        config.ckpt_path, logger.version = str(found), found.parent.parent.name
        # A run that goes on has checkpoints; Lightning warns of a folder that is not empty.
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")
    elif training:
        config.ckpt_path = None
        print(f"ckpt_path is {name}, and there is no run to continue yet: a new one starts.", flush=True)
    else:
        refuse(f"ckpt_path is {name}, and no run has left a checkpoint yet; train first: python train.py fit")


def newest(folder: Path, version: int | str | None, name: str) -> Path | None:
    """The youngest checkpoint of that name in the runs of a folder, or in the one given."""
    run = f"version_{version}" if isinstance(version, int) else version or "version_*"
    return max(folder.glob(f"{run}/checkpoints/{name}.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
