"""When callbacks log."""

from lightning.pytorch import Trainer


def logs_now(trainer: Trainer, logged_step: int) -> bool:
    """Whether Lightning logs after this batch, and has not after an earlier one of the same optimiser step."""
    interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    step = trainer.global_step
    return bool(interval) and step % interval == 0 and step != logged_step
