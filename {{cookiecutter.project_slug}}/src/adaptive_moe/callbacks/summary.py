"""What a run came to, in a few lines."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from ..data import Batch, TextDataModule
from .dashboard import monitored
from .expert_load_balancer import ExpertLoadBalancer

KEPT = ("checkpoints/*.ckpt", "metrics.jsonl", "routing.html")


class Summary(Callback):
    """Prints, when training ends: metrics before and after, experts per token, speed, where things are.

    The sanity check gives their first values if it covers the whole validation split (`num_sanity_val_steps: -1`); they
    are logged as step 0.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.tokens, self.seconds, self.started = torch.tensor(0), 0.0, 0.0

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the metrics; Lightning itself forgets the sanity check's."""
        metrics = {tag: float(value) for tag, value in trainer.callback_metrics.items() if tag.startswith("val/")}
        for tag, value in metrics.items():
            self.values.setdefault(tag, []).append(value)
        if trainer.sanity_checking and trainer.logger:
            trainer.logger.log_metrics(metrics, step=0)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int) -> None:
        """The clock runs in training steps only."""
        self.started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Count what the step took and gave."""
        self.seconds += time.perf_counter() - self.started
        self.tokens = self.tokens + batch.num_tokens * trainer.world_size  # stays on the device

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print on one rank; all of them ask where the run is, since Lightning broadcasts the answer."""
        lines = self.lines(trainer)
        if trainer.is_global_zero:
            width = max(map(len, lines))
            print("", *(f"{name:<{width}}  {text}" for name, text in lines.items()), sep="\n", flush=True)

    def lines(self, trainer: Trainer) -> dict[str, str]:
        """Name and text of each line."""
        parameters = sum(p.numel() for p in trainer.lightning_module.parameters())
        lines = {"parameters": f"{parameters:,}{cost(trainer)}"}
        lines["steps"] = f"{trainer.global_step:,}, {int(self.tokens) / max(self.seconds, 1e-9):,.0f} tokens per second"
        courses = [f"{tag.removeprefix('val/')} {course(values)}" for tag, values in self.values.items()]
        lines["validation"] = ", ".join(courses) or "none"
        lines |= {f"best {tag}": f"{value:.4g}" for tag, value in monitored(trainer).items() if value is not None}
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, TextDataModule):
            lines |= data.facts()
        return lines | routing_lines(trainer) | places(trainer)


def course(values: list[float]) -> str:
    """A metric before and after training."""
    first, last = (f"{value:.3g}" if value < 100 else f"{value:.1f}" for value in (values[0], values[-1]))
    return f"{first} to {last}" if len(values) > 1 else f"{first} (measured once)"


def cost(trainer: Trainer) -> str:
    """Of a token, forward; training takes three times as much."""
    values = trainer.callback_metrics
    if "routing/flops_per_token" not in values:
        return ""
    words = f"; {float(values['routing/flops_per_token']) / 1e6:.1f} million FLOPs per token forward"
    saved = 1 - float(values["routing/flops_over_top_2"])
    return f"{words}, {saved:.0%} less than with top-2" if saved > 0 else words


def routing_lines(trainer: Trainer) -> dict[str, str]:
    """Mean experts per token in the last logged steps, overall and by layer; the dead."""
    values = {tag: f"{float(value):.2f}" for tag, value in trainer.callback_metrics.items()}
    layers = [value for tag, value in values.items() if tag.endswith("/experts_per_token") and "layer_" in tag]
    if "routing/experts_per_token" not in values:
        return {}
    balancers = [each for each in trainer.callbacks if isinstance(each, ExpertLoadBalancer)]  # type: ignore[attr-defined]
    dead = [f"; {each.warnings.num_dead or 'no'} dead experts" for each in balancers]
    return {
        "experts per token": f"{values['routing/experts_per_token']} (by layer: {', '.join(layers)}){''.join(dead)}"
    }


def places(trainer: Trainer) -> dict[str, str]:
    """Where the run, what lies in it, and its curves are."""
    folder = trainer.log_dir  # asked once: Lightning broadcasts the answer
    if not folder:
        return {}
    found = [path for pattern in KEPT for path in sorted(Path(folder).glob(pattern))]
    names = ", ".join(path.relative_to(folder).as_posix() for path in found)
    lines = {"run": f"{folder}, with {names}" if names else folder}
    if isinstance(trainer.logger, TensorBoardLogger):
        lines["curves"] = f"tensorboard --logdir {trainer.logger.save_dir}"
    return lines
