"""What a step learns depends on its tokens alone, and not on how they are dealt to batches and processes."""

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from adaptive_moe.moe import AuxLoss

from . import small

BALANCED = AuxLoss(1.0, "all_choices", router_z_weight=0.1, global_batch=True)
LINEAR = AuxLoss(0.0, router_z_weight=0.1, global_batch=True)  # the balance of several batches is no sum of theirs
CHOICES: dict[str, tuple[dict[str, Any], int]] = {  # how DDP works, and batches of a step
    "unsynchronised": ({}, 2),
    "views": ({"gradient_as_bucket_view": True}, 2),
    "static": ({"gradient_as_bucket_view": True, "static_graph": True}, 1),
}


def learnt(name: str, folder: Path, batch_size: int, aux_loss: AuxLoss, **options: Any) -> dict[str, Tensor]:
    """How far an epoch moves each weight; its last step is smaller than the others."""
    torch.set_num_threads(1)
    module = small.task(name, optimizer=functools.partial(torch.optim.SGD, lr=0.1), aux_loss=aux_loss, warmup_steps=0)
    data = small.data(name, folder, batch_size=batch_size, context_length=8)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    quiet: Any = dict.fromkeys(["logger", "enable_progress_bar", "enable_model_summary"], False)
    settings: Any = {"max_epochs": 1, "limit_val_batches": 0, "enable_checkpointing": False, "accelerator": "cpu"}
    planned: Any = {"use_distributed_sampler": False, "reload_dataloaders_every_n_epochs": 1}
    Trainer(**planned, **quiet, **settings, **options).fit(module, data)
    return {name: value - before[name] for name, value in module.state_dict().items()}


def one_rank(rank: int, folder: Path, name: str) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    os.environ["LOCAL_RANK"] = str(rank)  # so that Lightning starts no others
    for choice, (settings, batches) in CHOICES.items():
        options = {"strategy": DDPStrategy(**settings), "devices": 2, "accumulate_grad_batches": batches}
        torch.save(learnt(name, folder, 4 // batches, LINEAR, **options), folder / f"{choice}-{rank}.pt")
    together = learnt(name, folder, 4, BALANCED, strategy=DDPStrategy(), devices=2)
    torch.save(together, folder / f"balanced-{rank}.pt")
    torch.distributed.destroy_process_group()


def assert_same(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """A norm's weight is near 1, where the steps of float32 are 1.2e-7: two of them."""
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        atol = 2.5e-7 if "norm" in name else 1e-7
        torch.testing.assert_close({name: found[name]}, {name: value}, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("name", ["text_completion", "translation"])
def test_accumulated_batches_teach_what_one_large_batch_teaches(name: str, tmp_path: Path) -> None:
    whole = learnt(name, tmp_path, 8, AuxLoss(0.0))
    assert_same(learnt(name, tmp_path, 2, AuxLoss(0.0), accumulate_grad_batches=4), whole)
    assert_same(learnt(name, tmp_path, 1, AuxLoss(0.0), accumulate_grad_batches=8), whole)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    name = "text_completion"
    alone = {"balanced": learnt(name, tmp_path, 8, BALANCED)}
    alone |= dict.fromkeys(CHOICES, learnt(name, tmp_path, 8, LINEAR))
    spawn(one_rank, (tmp_path, name), nprocs=2)  # type: ignore[no-untyped-call]
    for choice, wanted in alone.items():
        for rank in (0, 1):
            assert_same(torch.load(tmp_path / f"{choice}-{rank}.pt", weights_only=True), wanted)
