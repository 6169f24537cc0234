"""A real trainer over random tokens, for callbacks."""

import functools
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch import nn

from adaptive_moe.data import Batch
from adaptive_moe.moe import Gating, MoE, MoEConfig
from adaptive_moe.tasks import TextCompletion


def task(gating: Gating, **moe: Any) -> TextCompletion:
    torch.manual_seed(0)
    optimizer = functools.partial(torch.optim.SGD, lr=0.0)
    config = MoEConfig(**{"num_experts": 8, "expert_dim": 16, **moe})
    return TextCompletion(
        gating=gating, optimizer=optimizer, moe=config, vocab_size=50, dim=24, num_layers=2, num_heads=2
    )


def layers(module: nn.Module) -> list[MoE]:
    return [each for each in module.modules() if isinstance(each, MoE)]


class Batches:
    """As many as asked, of random tokens; rows of several seeds lie one below the other."""

    def __init__(self, count: int, *seeds: int, padding: bool = False) -> None:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds or (0,)]
        ids = torch.cat([torch.randint(50, (count, 4, 64), generator=generator) for generator in generators], dim=1)
        self.batches = [Batch(rows, rows, torch.zeros_like(rows)) for rows in ids]
        if padding:  # what lies behind the data of an uneven epoch
            last = self.batches[-1]
            self.batches[-1] = last._replace(samples=torch.full_like(last.samples, -1))

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def fit(module: TextCompletion, batches: Batches, *callbacks: Callback, **options: Any) -> None:
    """One epoch, unless the options say otherwise."""
    usual: dict[str, Any] = {"max_epochs": 1, "accelerator": "cpu", "logger": False, "limit_val_batches": 0}
    silent = dict.fromkeys(["enable_checkpointing", "enable_progress_bar", "enable_model_summary"], False)
    trainer = Trainer(callbacks=list(callbacks), **{**usual, **silent, **options})
    trainer.fit(module, batches, batches)
