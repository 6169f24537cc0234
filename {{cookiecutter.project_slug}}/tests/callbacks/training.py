"""A real trainer over random tokens, for callbacks."""

import functools
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from adaptive_moe.data import Batch
from adaptive_moe.moe import Gating, MoE, MoEConfig
from adaptive_moe.tasks import TextCompletion


def task(gating: Gating, lr: float = 0.0, **moe: Any) -> TextCompletion:
    torch.manual_seed(0)
    optimizer = functools.partial(torch.optim.SGD, lr=lr)
    config = MoEConfig(**{"num_experts": 8, "expert_dim": 16, **moe})
    return TextCompletion(gating, optimizer, moe=config, vocab_size=50, dim=24, num_layers=2, num_heads=2)


def layers(module: TextCompletion) -> list[MoE]:
    return [each for each in module.modules() if isinstance(each, MoE)]


class Batches:
    """Not a list, which the trainer would take for many loaders."""

    def __init__(self, batches: list[Batch]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def fit(module: TextCompletion, *callbacks: Callback, steps: int, accumulate: int = 1, alike: bool = False) -> Trainer:
    """On batches that differ, or on one again and again."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(50, (steps * accumulate, 4, 64), generator=generator)
    batches = [Batch(rows, rows, torch.zeros_like(rows)) for rows in (ids[:1].expand_as(ids) if alike else ids)]
    trainer = Trainer(
        max_steps=steps,
        accumulate_grad_batches=accumulate,
        accelerator="cpu",
        logger=False,
        limit_val_batches=0,
        callbacks=list(callbacks),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, Batches(batches), Batches(batches))
    return trainer
