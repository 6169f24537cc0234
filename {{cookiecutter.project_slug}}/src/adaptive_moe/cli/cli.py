"""The Lightning CLI of this project."""

import sys
import warnings
from pathlib import Path
from typing import Any

import yaml
from docstring_parser import DocstringStyle
from jsonargparse import set_parsing_settings
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from .. import callbacks as callbacks_room
from ..callbacks import Steering
from ..data import TextDataModule
from ..errors import RunError
from ..tasks import Task
from ..tasks.checks import say
from .checkpoints import find_checkpoint, named_file
from .continued import config_of, go_on, tell, with_config, without_twins
from .errors import Parser, refuse
from .launcher import launched
from .nulls import nulls
from .processes import why_alone
from .quiet import quiet
from .save_config import SaveConfig, check_writable
from .trainer import ExportingTrainer


class CLI(LightningCLI):
    """fit, validate, test and predict; models and data modules are chosen by class name.

    Args:
        default_config: The YAML file that applies before every other.
        args: The command line; None takes it from the process.
    """

    def __init__(self, default_config: Path, args: list[str] | None = None) -> None:
        quiet()
        # torch's and Lightning's are written so too; to try every style takes a sixth of the time to parse
        set_parsing_settings(docstring_parse_style=DocstringStyle.GOOGLE)
        defaults = {"default_config_files": [str(default_config)]}
        super().__init__(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            trainer_class=ExportingTrainer,
            parser_class=Parser,
            parser_kwargs=dict.fromkeys(self.subcommands(), defaults),
            save_config_callback=SaveConfig,
            auto_configure_optimizers=False,  # a task takes its optimiser as an argument
            args=args,
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Lightning's, and one more."""
        return {**LightningCLI.subcommands(), "export": {"model", "datamodule"}}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The model's vocabulary and classes are the data's; which metric is the best one's is the task's to say."""
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        for name in ("vocab_size", "num_classes"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Where a checkpoint is meant, its run's config applies before what the command says."""
        words = list(sys.argv[1:] if args is None else args)
        self.checkpoint = named_file(words)
        self.before = config_of(self.checkpoint)
        self.config = parser.parse_args(with_config(words, self.subcommands(), self.before))
        if not self.checkpoint and (subcommand := self.config.get("subcommand")):
            self.checkpoint = find_checkpoint(self.config[subcommand], subcommand)
            if self.checkpoint:
                self.before = config_of(self.checkpoint)
                self.config = parser.parse_args(with_config(words, self.subcommands(), self.before))

    def _parse_ckpt_path(self) -> None:
        """Lightning would let a checkpoint's hyper parameters override the command, silently."""

    def before_instantiate_classes(self) -> None:
        """Only training writes into a run."""
        command = str(self.subcommand)
        config = self.config[command]
        if self.checkpoint:
            after = yaml.safe_load(self.parser.dump(self.config, skip_none=False))[command]
            tell(config, self.checkpoint, command, self.before, after)
            if self.subcommand == "fit":
                go_on(config, self.checkpoint)
            config.ckpt_path = str(self.checkpoint)
        elif command in ("validate", "test"):
            say(f"{command} reads no checkpoint, so the model is untrained; add --ckpt_path best.")
        for room in ("model", "data", "trainer"):
            for reason in nulls(config[room], room):
                refuse(reason)
        called = without_twins(config.trainer.callbacks or [], self.before)
        if config.trainer.enable_progress_bar is False:
            called = [each for each in called if not each.class_path.endswith("MoEProgressBar")]
        config.trainer.callbacks = called
        if self.subcommand != "fit":
            config.trainer.logger, self.save_config_callback = False, None  # it would log at step 0
            warnings.filterwarnings("ignore", "The dirpath has changed")  # of checkpoints that are not written

    def instantiate_trainer(self, **options: Any) -> Trainer:
        """Where a launcher has started several processes, it knows how many."""
        options |= launched(self.config[str(self.subcommand)].trainer.devices)
        try:
            return super().instantiate_trainer(**options)
        except Exception as error:  # Lightning has many kinds for options that it cannot take
            refuse(f"the trainer cannot be made of these options: {error}")

    def _set_seed(self) -> None:
        """A number that is none is a mistake in the command."""
        try:
            super()._set_seed()
        except ValueError as error:
            refuse(f"seed_everything is no seed: {error}")

    def instantiate_classes(self) -> None:
        """A value that a constructor refuses is a mistake in the command, not in the program."""
        try:
            super().instantiate_classes()
            vars(self.trainer)["callbacks"] = latest(vars(self.trainer)["callbacks"])
            for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, Steering) and self.subcommand in ("fit", "export"):
                    callback.attach(self.model)
            if self.trainer.world_size > 1 and getattr(self.trainer, "_val_check_time_interval", None) is not None:
                refuse("val_check_interval is a time, on which processes do not agree; give a number of batches")
            for name in ("val_check_interval", "check_val_every_n_epoch"):
                if getattr(self.trainer, name, None) == 0:  # none where it is a time
                    refuse(f"{name} is 0; give a number, or --trainer.limit_val_batches 0 for no validation")
            if hasattr(self.trainer.strategy, "check"):  # one of this project's own
                self.trainer.strategy.check(self.model)
            if isinstance(self.datamodule, TextDataModule):
                if isinstance(self.model, Task):
                    self.model.check(self.datamodule)
                    if self.subcommand == "fit":
                        self.model.check_monitor(self.trainer)
                if self.subcommand == "fit":
                    check_writable(self.trainer)
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
            if not (reason := why_alone(error, self.trainer)):
                raise
            refuse(reason)


def latest(callbacks: list[Callback]) -> list[Callback]:
    """One of each kind of this project's own: what is added on the command line replaces what the config has."""
    own = {type(each): each for each in callbacks if type(each).__module__.startswith(callbacks_room.__name__)}
    return [each for each in callbacks if own.get(type(each), each) is each]
