"""Arranges TensorBoard."""

from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from ..data import DifficultySource
from .analysis.table import markdown_row
from .compute_budget import ComputeBudget
from .environment import environment
from .layout import layout
from .run_values import callbacks_of, last_values, monitored

CHOICES = (
    "model.class_path",
    "model.init_args.gating.class_path",
    "model.init_args.gating.init_args.threshold",
    "model.init_args.dim",
    "model.init_args.num_layers",
    "model.init_args.moe.num_experts",
    "model.init_args.moe.expert_dim",
    "model.init_args.aux_loss.load_balancing_weight",
    "model.init_args.optimizer.init_args.lr",
    "data.init_args.corpus.class_path",
    "data.init_args.order.class_path",
    "data.init_args.batch_size",
    "trainer.max_steps",
    "seed_everything",
)
"""What runs differ in, as a rule."""

OUTCOMES = ("routing/experts_per_token", "routing/flops_over_top_2", "time/tokens_per_second")


class Dashboard(Callback):
    """Lays out TensorBoard's custom scalars, and keeps beside the curves what the run was made of.

    Text: `run/config`, `run/environment`. Hparams, when training ends: the choices that runs differ in, with the
    best checkpoint's metric, experts per token and speed.
    """

    def __init__(self) -> None:
        self.is_written = False

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Once: the first batch knows the names of the layers, and by now the run has its config."""
        if not self.is_written and trainer.is_global_zero and isinstance(trainer.logger, TensorBoardLogger):
            writer = trainer.logger.experiment
            fillers = [bool(callbacks_of(trainer, kind)) for kind in (ComputeBudget, DifficultySource)]
            fillers.append(trainer.world_size > 1)
            writer.add_custom_scalars(layout(list(outputs["routings"]), list(monitored(trainer)), *fillers))
            writer.add_text("run/environment", table(environment(trainer)))
            if config := config_of(trainer.logger):
                writer.add_text("run/config", "    " + config.replace("\n", "\n    "))
        self.is_written = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What came of which choices."""
        if trainer.is_global_zero and isinstance(trainer.logger, TensorBoardLogger):
            config = yaml.safe_load(config_of(trainer.logger)) or {}
            found = {path.replace("init_args.", ""): at(config, path.split(".")) for path in CHOICES}
            choices = {
                path.removesuffix(".class_path"): short(each) for path, each in found.items() if each is not None
            }
            outcomes = {f"hp/{tag}": value for tag, value in last_values(trainer, *OUTCOMES).items()}
            outcomes |= {f"hp/best {tag}": value for tag, value in monitored(trainer).items() if value is not None}
            if choices and outcomes:
                trainer.logger.log_hyperparams(choices, outcomes, step=trainer.global_step)


def config_of(logger: TensorBoardLogger) -> str:
    """Of the run; empty if it has none."""
    path = Path(logger.log_dir, "config.yaml")
    return path.read_text("utf-8") if path.exists() else ""


def short(value: Any) -> Any:
    """Of a class, its name."""
    return value.rpartition(".")[2] if isinstance(value, str) else value


def at(config: Any, path: list[str]) -> Any:
    """The value there; None if there is none."""
    return reduce(lambda node, key: node.get(key) if isinstance(node, dict) else None, path, config)


def table(rows: dict[str, str]) -> str:
    """Markdown."""
    return "\n".join(map(markdown_row, [("", ""), ("---", "---"), *rows.items()]))
