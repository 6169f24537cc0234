"""What is known of a run while it runs."""

from typing import TypeVar

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

Kind = TypeVar("Kind", bound=Callback)


def last_values(trainer: Trainer, *tags: str) -> dict[str, float]:
    """What was logged last under these tags."""
    values = trainer.callback_metrics
    return {tag: float(values[tag]) for tag in tags if tag in values}


def callbacks_of(trainer: Trainer, kind: type[Kind]) -> list[Kind]:
    """The trainer's callbacks of a class: one, as a rule."""
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return [each for each in callbacks if isinstance(each, kind)]


def monitored(trainer: Trainer) -> dict[str, float | None]:
    """The metrics that say which checkpoint is best, and the best value so far."""
    found = [each for each in trainer.checkpoint_callbacks if isinstance(each, ModelCheckpoint)]
    scores = {each.monitor: each.best_model_score for each in found}
    return {tag: score if score is None else float(score) for tag, score in scores.items() if tag}
