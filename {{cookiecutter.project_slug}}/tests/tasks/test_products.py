"""Each task with each gating policy and with each order; all three through the command line in soak_tasks.py."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from adaptive_moe import data, moe
from adaptive_moe.callbacks.counting import count
from adaptive_moe.data.batch import Batch, nothing, padded
from adaptive_moe.data.orders.order import UNKNOWN
from adaptive_moe.model import Encoder
from adaptive_moe.tasks.optimisation import groups

from . import small

TASKS = sorted(path.stem for path in (small.CONFIGS / "tasks").iterdir())
POLICIES = sorted(path.stem for path in (small.CONFIGS / "gating").iterdir())
ORDERS = sorted(path.stem for path in (small.CONFIGS / "order").iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tasks")


@cache
def first_batch(task: str, folder: Path) -> Batch:
    batch: Batch = next(iter(small.data(task, folder).train_dataloader()))
    return batch


def test_every_config_is_here() -> None:
    assert sorted(small.CORPORA) == TASKS
    assert (len(TASKS), len(POLICIES), len(ORDERS)) == (6, 6, 4)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("task", TASKS)
def test_a_step_has_a_gradient_for_every_weight_and_leaves_it_finite(task: str, policy: str, folder: Path) -> None:
    config = small.arguments("gating", policy)["model"]["init_args"]
    options: Any = {"gating": small.made(config["gating"], moe), "aux_loss": moe.AuxLoss(**config.get("aux_loss", {}))}
    if options["gating"].sees_the_future and small.kind(task).architecture is not Encoder:
        with pytest.raises(ValueError, match="a decoder needs another, for example Threshold"):
            small.task(task, **options)
        return
    module = small.task(task, **options)
    optimizer = module.optimizer(groups(module))
    step = module.training_step(first_batch(task, folder), 0)
    step["loss"].backward()
    optimizer.step()
    assert len(step["routings"]) == (4 if first_batch(task, folder).source else 2)
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or name == "head.bias", name  # to which a softmax over the tokens is blind
        assert parameter.isfinite().all(), name


@pytest.mark.parametrize("task", TASKS)
def test_a_rank_whose_samples_have_run_out_costs_nothing(task: str, folder: Path) -> None:
    sourced = first_batch(task, folder).source is not None
    module = small.task(task)
    loss = module.training_step(padded([nothing(sourced)]), 0)["loss"]
    loss.backward()
    assert loss == 0
    gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    assert gradients
    assert not any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("task", TASKS)
def test_two_epochs_are_ordered_and_every_batch_is_learnt_from(task: str, order: str, folder: Path) -> None:
    config = small.arguments("order", order)["data"]["init_args"]
    chosen = small.made(config.pop("order"), data)
    made, module = small.data(task, folder, chosen, **config), small.task(task)
    assert made.curriculum
    seen: set[int] = set()
    for epoch in (0, 1):
        plan = made.curriculum.plan(epoch)
        known = (made.curriculum.difficulty.shares != UNKNOWN).all(1) if epoch else torch.zeros(0)
        assert known.nonzero().flatten().tolist() == sorted(seen)
        seen = set()
        for batch in made.loader(*plan):
            step = module.training_step(batch, 0)
            assert step["loss"].isfinite()
            count(made.curriculum.difficulty, step["routings"], batch)
            seen |= set(batch.samples[batch.mask].tolist())
        share = chosen.open_share(epoch) if chosen.paced else 1
        assert len(seen) == round(share * small.SIZE)
