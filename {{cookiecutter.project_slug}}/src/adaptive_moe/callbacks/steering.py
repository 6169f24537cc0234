"""Callbacks that need routers."""

from abc import ABC, abstractmethod

from lightning.pytorch import Callback, LightningModule, Trainer

from ..moe import Router


class Steering(Callback, ABC):
    """Looks for what it needs as soon as there is a model: a mistake is told before a run has a folder."""

    @abstractmethod
    def attach(self, pl_module: LightningModule) -> None:
        """Find it, or raise a RunError that says what the model lacks."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The command line has asked before; a trainer of one's own has not."""
        self.attach(pl_module)


def routers_of(pl_module: LightningModule) -> list[Router]:
    """In the order of the layers, which is that of the routings."""
    return [module for module in pl_module.modules() if isinstance(module, Router)]
