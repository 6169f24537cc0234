"""`--ckpt_path last` and `--ckpt_path best`: which file is meant."""

import warnings
from pathlib import Path

from jsonargparse import Namespace

from .errors import refuse


def find_checkpoint(config: Namespace, training: bool) -> None:
    """Put the file's path into `config`; training goes on in the folder of the run it belongs to.

    `last` and `best` belong to the newest run below the logger's folder, or to the version that
    was named. Training starts afresh where there is none: one command starts and resumes.
    """
    wanted = config.ckpt_path
    if wanted in ("last", "best"):
        found = newest(config.trainer.logger, wanted)
        if found:
            config.ckpt_path = str(found)
            config.trainer.logger.init_args.version = found.parent.parent.name
            warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")  # so it must be
        elif training:
            config.ckpt_path = None
            print(f"ckpt_path is {wanted}, and there is no run to continue yet: a new one starts.", flush=True)
        else:
            refuse(f"ckpt_path is {wanted}, and no run has left a checkpoint yet; train first: python train.py fit")
    elif wanted and "://" not in wanted and not Path(wanted).is_file():
        refuse(f"ckpt_path is {wanted}, and there is no such file; give a .ckpt file of a run, or last, or best")


def newest(logger: Namespace, name: str) -> Path | None:
    """The youngest checkpoint of that name in the logger's runs."""
    folder = Path(logger.init_args.save_dir, logger.init_args.name)
    version = logger.init_args.version
    run = f"version_{version}" if isinstance(version, int) else version or "version_*"
    return max(folder.glob(f"{run}/checkpoints/{name}.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
