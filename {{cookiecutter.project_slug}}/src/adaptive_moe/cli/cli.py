"""The Lightning CLI of this project."""

import sys
import warnings
from pathlib import Path

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from .. import callbacks as callbacks_room
from ..callbacks import Steering
from ..data import TextDataModule, save_tokenizer
from ..errors import RunError
from ..tasks import Task
from .checkpoints import find_checkpoint
from .errors import Parser, ended_ranks, is_lost, refuse
from .quiet import quiet


class CLI(LightningCLI):
    """fit, validate, test and predict; models and data modules are chosen by class name.

    Args:
        default_config: The YAML file that applies before every other.
        args: The command line; None takes it from the process.
    """

    def __init__(self, default_config: Path, args: list[str] | None = None) -> None:
        quiet()
        defaults = {"default_config_files": [str(default_config)]}
        super().__init__(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            parser_class=Parser,
            parser_kwargs=dict.fromkeys(self.subcommands(), defaults),
            save_config_callback=SaveConfig,
            save_config_kwargs={"overwrite": True},  # a run that continues meets its own file
            auto_configure_optimizers=False,  # a task takes its optimiser as an argument
            args=args,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The model's vocabulary and classes are the data's; which metric is the best one's is the task's to say."""
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        for name in ("vocab_size", "num_classes"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def before_instantiate_classes(self) -> None:
        """Find the run that a checkpoint belongs to; only training writes into a run."""
        config = self.config[str(self.subcommand)]
        find_checkpoint(config, str(self.subcommand))
        if config.trainer.enable_progress_bar is False:
            shown = [each for each in config.trainer.callbacks or [] if not each.class_path.endswith("MoEProgressBar")]
            config.trainer.callbacks = shown
        if self.subcommand != "fit":
            config.trainer.logger, self.save_config_callback = False, None  # it would log at step 0
            warnings.filterwarnings("ignore", "The dirpath has changed")  # of checkpoints that are not written

    def instantiate_classes(self) -> None:
        """A value that a constructor refuses is a mistake in the command, not in the program."""
        try:
            super().instantiate_classes()
            vars(self.trainer)["callbacks"] = latest(vars(self.trainer)["callbacks"])
            for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, Steering) and self.subcommand == "fit":
                    callback.attach(self.model)
            if isinstance(self.datamodule, TextDataModule):
                if isinstance(self.model, Task):
                    self.model.check(self.datamodule)
                if self.subcommand == "fit":
                    self.datamodule.check(self.trainer)
                if self.subcommand == "predict" and not self.datamodule.asked:
                    refuse(
                        "inputs is not given; say what to predict for: --data.inputs, a text or a .txt or .jsonl file"
                    )
        except (ValueError, MisconfigurationException) as error:
            refuse(str(error))

    def _run_subcommand(self, subcommand: str) -> None:
        """Some mistakes show later: a checkpoint of another model, for one."""
        try:
            super()._run_subcommand(subcommand)
        except RunError as error:
            print(file=sys.stderr)  # a progress bar may stand on this line
            refuse(str(error))
        except RuntimeError as error:
            if not is_lost(error):
                raise
            refuse(f"{ended_ranks(self.trainer)}, and this one cannot go on; see what that one has said")


def latest(callbacks: list[Callback]) -> list[Callback]:
    """One of each kind of this project's own: what is added on the command line replaces what the config has."""
    own = {type(each): each for each in callbacks if type(each).__module__.startswith(callbacks_room.__name__)}
    return [each for each in callbacks if own.get(type(each), each) is each]


class SaveConfig(SaveConfigCallback):
    """Writes config and vocabulary of a run when training starts: one that could not go on keeps those it had."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Not yet."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The checkpoint has been read."""
        super().setup(trainer, pl_module, "fit")
        folder = trainer.log_dir  # asked on all ranks: Lightning broadcasts the answer
        data = trainer.datamodule  # type: ignore[attr-defined]
        if folder and trainer.is_global_zero and isinstance(data, TextDataModule):
            save_tokenizer(data.tokenizer, Path(folder, "tokenizer.json"))
