"""What a run came to, in a few lines."""

import re
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from ..data import TextDataModule
from .expert_load_balancer import ExpertLoadBalancer
from .run_values import callbacks_of, last_values, monitored
from .step_timer import StepTimer

KEPT = ("checkpoints/*.ckpt", "metrics.jsonl", "routing.html")


class Summary(Callback):
    """Prints, when training ends: metrics before and after, experts per token, speed, where things are.

    The sanity check gives their first values if it covers the whole validation split (`num_sanity_val_steps: -1`); they
    are logged as step 0.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Count parameters, before a strategy divides them."""
        self.parameters = sum(parameter.numel() for parameter in pl_module.parameters())

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the metrics; Lightning itself forgets the sanity check's, and one of a few batches tells nothing."""
        if trainer.sanity_checking and trainer.num_sanity_val_steps != float("inf"):
            return
        metrics = {tag: float(value) for tag, value in trainer.callback_metrics.items() if tag.startswith("val/")}
        for tag, value in metrics.items():
            self.values.setdefault(tag, []).append(value)
        if trainer.sanity_checking and trainer.logger:
            trainer.logger.log_metrics(metrics, step=0)

    def state_dict(self) -> dict[str, Any]:
        """The metrics before."""
        return {"values": self.values}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Of the run that goes on."""
        self.values = state_dict["values"]

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print on one rank; all of them ask where the run is, since Lightning broadcasts the answer."""
        lines = self.lines(trainer)
        if trainer.is_global_zero:
            width = max(map(len, lines))
            print("", *(f"{name:<{width}}  {text}" for name, text in lines.items()), sep="\n", flush=True)

    def lines(self, trainer: Trainer) -> dict[str, str]:
        """Name and text of each line."""
        values = last_values(trainer, *trainer.callback_metrics)
        lines = {"parameters": f"{self.parameters:,}{cost(values)}", "steps": f"{trainer.global_step:,}{speed(values)}"}
        if verdicts := [timer.verdict for timer in callbacks_of(trainer, StepTimer) if timer.verdict]:
            lines["time"] = verdicts[0]
        courses = [f"{tag.removeprefix('val/')} {course(each)}" for tag, each in self.values.items()]
        lines["validation"] = ", ".join(courses) or "none"
        lines |= {f"best {tag}": f"{value:.4g}" for tag, value in monitored(trainer).items() if value is not None}
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, TextDataModule):
            lines |= data.facts()
        return lines | routing_line(trainer, values) | places(trainer)


def course(values: list[float]) -> str:
    """A metric before and after training."""
    first, last = (f"{value:.3g}" if value < 100 else f"{value:.1f}" for value in (values[0], values[-1]))
    return f"{first} to {last}" if len(values) > 1 else f"{first} (before training; there was no validation since)"


def cost(values: dict[str, float]) -> str:
    """Of a token, forward; training takes three times as much."""
    if "routing/flops_per_token" not in values:
        return ""
    words = f"; {values['routing/flops_per_token'] / 1e6:,.3g} million FLOPs per token forward"
    saved = 1 - values["routing/flops_over_top_2"]
    return f"{words}, {saved:.0%} less than with top-2" if saved > 0 else words


def speed(values: dict[str, float]) -> str:
    """Of the last steps."""
    tokens = values.get("time/tokens_per_second")
    return f", {tokens:,.0f} tokens per second" if tokens else ""


def routing_line(trainer: Trainer, values: dict[str, float]) -> dict[str, str]:
    """Mean experts per token in the last logged steps, overall and by layer; the dead."""
    if "routing/experts_per_token" not in values:
        return {}
    layers = [f"{value:.2f}" for tag, value in values.items() if re.search(r"layer_\d+/experts_per_token$", tag)]
    balancers = callbacks_of(trainer, ExpertLoadBalancer)
    dead = [f"; {each.warnings.num_dead or 'no'} dead experts" for each in balancers]
    mean = f"{values['routing/experts_per_token']:.2f}"
    return {"experts per token": f"{mean} (by layer: {', '.join(layers)}){''.join(dead)}"}


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
