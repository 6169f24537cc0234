"""When and how callbacks log."""

from collections.abc import Mapping

import torch
from lightning.pytorch import Trainer
from torch import Tensor


def logs_now(trainer: Trainer, logged_step: int) -> bool:
    """Whether Lightning logs after this batch, and has not after an earlier one of the same optimiser step."""
    interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    step = trainer.global_step
    return bool(interval) and step % interval == 0 and step != logged_step


def log(trainer: Trainer, values: Mapping[str, float | Tensor]) -> None:
    """To the loggers themselves, and to `trainer.callback_metrics`, where other callbacks look.

    Lightning goes in every step through all that was ever logged by its own means: with a dozen curves for
    each layer, a small model would feel that.
    """
    numbers = {tag: float(value) for tag, value in values.items()}
    trainer.callback_metrics.update({tag: torch.tensor(number) for tag, number in numbers.items()})
    for logger in trainer.loggers:
        logger.log_metrics(numbers, trainer.global_step - 1)  # where Lightning puts what it logs now
