"""What a run's folder says of the run."""

import json
import os
from pathlib import Path

from jsonargparse import Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback

from ..atomic import replace
from ..callbacks.environment import environment
from ..callbacks.run_logger import REMEDY, told_of_folder
from ..data import TextDataModule, save_tokenizer


class SaveConfig(SaveConfigCallback):
    """Writes config, vocabulary and environment of a run when training starts; one that cannot go on keeps its own.

    Each is replaced whole: Lightning writes the config in place, and a kill in that moment would leave a run that
    cannot say what it is.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Not yet."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The checkpoint has been read. Where a run is, and from where it went on, is no part of what it is.

        Raises:
            RunError: The folder cannot be written.
        """
        self.config.pop("ckpt_path", None)
        if isinstance(self.config.trainer.logger, Namespace):
            self.config.trainer.logger.init_args.version = None
        folder = trainer.log_dir  # asked on all ranks: Lightning broadcasts the answer
        if folder and trainer.is_global_zero:
            with told_of_folder(folder):
                self.write(trainer, Path(folder))

    def write(self, trainer: Trainer, folder: Path) -> None:
        """All of it."""
        replace(folder / "config.yaml", self.parser.dump(self.config, skip_none=False))
        replace(folder / "environment.json", json.dumps(environment(trainer), indent=2) + "\n")
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data, TextDataModule):
            save_tokenizer(data.tokenizer, folder / "tokenizer.json")


def check_writable(trainer: Trainer) -> None:
    """Refuse a place for runs that takes none, before the data is read.

    Raises:
        ValueError: It is read-only.
    """
    for logger in trainer.loggers:
        folder = Path(logger.log_dir or trainer.default_root_dir).absolute()
        place = next(each for each in (folder, *folder.parents) if each.exists())
        if not place.is_dir() or not os.access(place, os.W_OK):
            reason = "read-only" if place.is_dir() else "a file"
            raise ValueError(f"{folder} cannot be written, since {place} is {reason}; {REMEDY}")
