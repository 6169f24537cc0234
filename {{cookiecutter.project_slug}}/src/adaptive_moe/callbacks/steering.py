"""Callbacks that move something in the routers."""

from abc import ABC, abstractmethod

from lightning.pytorch import Callback, LightningModule, Trainer


class Steering(Callback, ABC):
    """Looks for what it moves as soon as there is a model: a mistake is told before a run has a folder."""

    @abstractmethod
    def attach(self, pl_module: LightningModule) -> None:
        """Find it, or raise a RunError that says what the model lacks."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The command line has asked before; a trainer of one's own has not."""
        self.attach(pl_module)
