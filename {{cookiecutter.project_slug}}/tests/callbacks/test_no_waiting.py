"""A step that does not log never waits for the device: whoever asked a tensor without data for a value would fail."""

from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from adaptive_moe.callbacks import (
    DataMonitor,
    ExpertLoadBalancer,
    FiniteGuard,
    RoutingDifficulty,
)
from adaptive_moe.data import Batch, Difficulty
from adaptive_moe.moe import Routing, Threshold

from .training import task

EXPERTS, ROWS, LENGTH = 4, 2, 8


def without_data(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.empty(*shape, dtype=dtype, device="meta")


def routing() -> Routing:
    scores = without_data(ROWS * LENGTH, EXPERTS)
    return Routing(scores, scores, scores, without_data(ROWS * LENGTH, EXPERTS, dtype=torch.bool), scores)


def step(callback: Callback, number: int) -> None:
    """From the first one on, up to a step; every fourth logs."""
    has_bias = isinstance(callback, ExpertLoadBalancer)
    module = task(Threshold(0.1), num_experts=EXPERTS, selection_bias=has_bias).to("meta")
    trainer: Any = MagicMock()
    trainer.__class__ = Trainer
    trainer.log_every_n_steps, trainer.loggers, trainer.num_training_batches = 4, [], 9
    trainer.fit_loop.epoch_loop.batch_progress.current.ready = 1
    trainer.strategy.reduce = lambda value, **_: value
    trainer.datamodule.curriculum.difficulty = Difficulty(torch.full((5,), 3))
    trainer.global_step = 0
    ids = without_data(ROWS, LENGTH, dtype=torch.int64)
    routings = {"layer_0": routing(), "layer_1": routing()}
    callback.setup(trainer, module, "fit")
    callback.on_train_start(trainer, module)
    for trainer.global_step in range(1, number + 1):
        outputs = {"routings": routings, "loss": without_data(1).squeeze()}
        callback.on_train_batch_end(trainer, module, outputs, Batch(ids, ids, ids), 0)


@pytest.mark.parametrize("kind", [FiniteGuard, ExpertLoadBalancer, DataMonitor, RoutingDifficulty])
def test_a_step_that_does_not_log_asks_for_no_value(kind: type[Callback]) -> None:
    step(kind(), 3)


@pytest.mark.parametrize("kind", [FiniteGuard, ExpertLoadBalancer, DataMonitor])
def test_one_that_logs_does(kind: type[Callback]) -> None:
    with pytest.raises((RuntimeError, NotImplementedError)):
        step(kind(), 4)
