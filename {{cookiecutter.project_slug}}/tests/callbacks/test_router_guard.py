import re
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from lightning.pytorch import Trainer

from adaptive_moe.callbacks import RouterGuard
from adaptive_moe.errors import RunError
from adaptive_moe.moe import Routing, Threshold

from ..conftest import Run
from .training import task


def test_the_layer_and_the_step_that_overflowed_first_are_named() -> None:
    """Layer 1 in step 2, layer 0 in step 3; told at the log of step 4."""
    guard, module = RouterGuard(), task(Threshold(0.1))
    trainer: Any = MagicMock()
    trainer.__class__ = Trainer
    trainer.global_step, trainer.log_every_n_steps = 0, 4
    guard.on_train_start(trainer, module)

    def step(number: int) -> None:
        trainer.global_step = number
        routings = {f"layer_{layer}": routing(number >= since) for layer, since in enumerate((3, 2))}
        guard.on_train_batch_end(trainer, module, {"routings": routings}, None, 0)

    for number in (1, 2, 3):
        step(number)
    with pytest.raises(RunError, match="layer_1 are not finite in step 2;"):
        step(4)


def routing(is_broken: bool) -> Routing:
    """One of its logits is infinite, or none."""
    logits = torch.ones(2, 2)
    logits[1, 0] = torch.inf if is_broken else 0
    return Routing(logits, logits, logits, logits > 0, logits)


def test_a_run_whose_router_overflows_ends_with_a_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", "--trainer.max_steps=6", "--model.optimizer.lr=1e30")
    said = capsys.readouterr()
    assert re.search(r"error: the router's logits of layer_\d are not finite in step [2-4];", said.err)
    assert "best val/perplexity" not in said.out
