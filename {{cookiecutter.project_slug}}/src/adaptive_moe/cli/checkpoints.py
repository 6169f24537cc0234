"""`--ckpt_path`: which file is meant by `last`, `best`, a run's folder or its own name, and whether it is whole."""

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path

from jsonargparse import Namespace

from ..damage import fault
from .errors import refuse

KEPT = {"last": ("last", "last-previous", "best"), "best": ("best",)}
"""What is taken for each, if the one before is damaged."""

NEEDED_TO_TRAIN = ("optimizer_states", "lr_schedulers", "loops")
"""What training goes on with, beside the weights."""


def named_file(words: list[str]) -> Path | None:
    """The file, or the run's last one, that a command names by its path: read before all else, since options follow it.

    Raises:
        SystemExit: There is none, or it is not whole.
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--ckpt_path")
    wanted = parser.parse_known_args(words)[0].ckpt_path
    if not wanted or wanted in ("last", "best", "null") or "://" in wanted:
        return None
    path = Path(wanted)
    if path.is_dir():
        found, reason = sound(path / "checkpoints", "last"), "there is no checkpoint in it"
    else:
        needed = NEEDED_TO_TRAIN if "fit" in words else ()
        reason = fault(path, *needed) if path.is_file() else "there is no such file"
        found = None if reason else path
    if not found:
        refuse(f"ckpt_path is {wanted}, and {reason}; give a .ckpt file of a run, a run's folder, or last, or best")
    return found


def find_checkpoint(config: Namespace, subcommand: str) -> Path | None:
    """The file that `last` or `best` means: of the newest run below the logger's folder, or the version that was named.

    Training starts afresh where there is no `last`, so that one command starts and resumes.

    Raises:
        SystemExit: There is none.
    """
    wanted, training = config.ckpt_path, subcommand == "fit"
    if not wanted and subcommand in ("predict", "export"):
        refuse(f"ckpt_path is not given, and {subcommand} needs a trained model; add --ckpt_path last, or best")
    if wanted not in ("last", "best") or not isinstance(config.trainer.logger, Namespace):
        return None  # without one logger, Lightning looks in its own folder
    logger = config.trainer.logger.init_args
    folder = Path(logger.save_dir, logger.name)
    run = newest_run(folder, logger.version)
    if run and (found := sound(run / "checkpoints", wanted)):
        return found
    if run and not (training and wanted == "last"):
        refuse(
            f"ckpt_path is {wanted}, and the run {run} has none; take last: best is written when validation improves"
        )
    if not training:
        refuse(f"ckpt_path is {wanted}, and no run in {folder} has a checkpoint; train first: python train.py fit")
    config.ckpt_path = None
    print(f"ckpt_path is {wanted}, and no run in {folder} has got to one: a new one starts.", flush=True)
    return None


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
    run = f"version_{version}" if isinstance(version, int) else version or "*"
    youngest = max(folder.glob(f"{run}/checkpoints/*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    return youngest and youngest.parent.parent
