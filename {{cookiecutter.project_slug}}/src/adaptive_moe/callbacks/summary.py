"""What a run came to, in a few lines."""

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from ..data import Batch, TextDataModule
from .step_timer import StepTimer


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
        lines = {"parameters": f"{sum(p.numel() for p in trainer.lightning_module.parameters()):,}"}
        lines["steps"] = f"{trainer.global_step:,}, {int(self.tokens) / max(self.seconds, 1e-9):,.0f} tokens per second"
        lines |= timing_line(trainer)
        lines |= {tag.replace("val/", "validation "): course(values) for tag, values in self.values.items()}
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, TextDataModule):
            lines |= data.facts()
        return lines | routing_line(trainer) | places(trainer)


def timing_line(trainer: Trainer) -> dict[str, str]:
    """The last verdict on where the time goes."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    verdicts = [each.verdict for each in callbacks if isinstance(each, StepTimer) and each.verdict]
    return {"time": verdicts[0]} if verdicts else {}


def course(values: list[float]) -> str:
    """A metric before and after training."""
    first, last = (f"{value:.3g}" if value < 100 else f"{value:.1f}" for value in (values[0], values[-1]))
    return f"{first} to {last}" if len(values) > 1 else f"{first}, measured once; `validate` measures again"


def routing_line(trainer: Trainer) -> dict[str, str]:
    """Mean experts per token in the last logged steps, overall and by layer, and what a token costs."""
    values = {tag: f"{float(value):.2f}" for tag, value in trainer.callback_metrics.items()}
    layers = [value for tag, value in values.items() if tag.endswith("/experts_per_token") and "layer_" in tag]
    lines = {}
    if mean := values.get("routing/experts_per_token"):
        lines["experts per token"] = f"{mean} (by layer: {', '.join(layers)})"
    if flops := trainer.callback_metrics.get("routing/flops_per_token"):
        lines["FLOPs per token"] = f"{float(flops) / 1e6:.1f} million forward, three times as many to train"
    return lines


def places(trainer: Trainer) -> dict[str, str]:
    """Where the run, its checkpoint and its curves are."""
    folder = trainer.log_dir  # asked once: Lightning broadcasts the answer
    lines = {"run": str(folder)} if folder else {}
    if checkpoints := sorted(path.name for path in Path(folder or "", "checkpoints").glob("*.ckpt")):
        lines["checkpoints"] = f"{', '.join(checkpoints)} in its folder checkpoints"
    if isinstance(trainer.logger, TensorBoardLogger):
        lines["curves"] = f"tensorboard --logdir {trainer.logger.save_dir}"
    return lines
