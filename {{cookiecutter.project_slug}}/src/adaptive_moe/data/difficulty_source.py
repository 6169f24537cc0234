"""What tells the curriculum how difficult samples are."""

from lightning.pytorch import Callback, Trainer

from ..errors import RunError
from .orders import Order


class DifficultySource(Callback):
    """A callback that counts two-expert tokens into the data module's `curriculum.difficulty`."""

    asks = False
    """Whether it can tell of samples that were never trained on."""


def check_trainer(trainer: Trainer, order: Order, window: int | None) -> None:
    """Before any work is done.

    Raises:
        RunError: A setting of the trainer would undo the order, or nothing tells it what it needs.
    """
    if trainer._accelerator_connector.use_distributed_sampler:
        raise RunError(
            "use_distributed_sampler is true, and Lightning would shuffle what is in order; the ranks share the "
            "samples without it: set --trainer.use_distributed_sampler false"
        )
    every: int = trainer.reload_dataloaders_every_n_epochs  # type: ignore[attr-defined]
    if every != 1:
        raise RunError(
            f"reload_dataloaders_every_n_epochs is {every}, and each epoch is planned anew: "
            "set --trainer.reload_dataloaders_every_n_epochs 1"
        )
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    sources = [callback for callback in callbacks if isinstance(callback, DifficultySource)]
    names = " and ".join(type(source).__name__ for source in sources)
    if len(sources) > 1:
        raise RunError(f"callbacks are {names}, which both tell how difficult samples are; choose one")
    if window is not None and sources and not sources[0].asks:
        raise RunError(
            f"window is {window}, and {names} knows only samples that were trained on; take ScoringPass, or none "
            "of them, and go by length"
        )
    if window is None and order.needs_difficulty and not sources:
        raise RunError(
            f"order is {type(order).__name__}, and no callback tells how difficult samples are; "
            "add --trainer.callbacks+=RoutingDifficulty, or ScoringPass"
        )
