"""Run under torchrun: each rank validates on its share of the batches, and the first one writes the page of all."""

import functools
import os
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy
from torchmetrics import Metric

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from adaptive_moe.callbacks import RoutingAnalysis  # noqa: E402
from adaptive_moe.data import Batch, padded  # noqa: E402
from adaptive_moe.data.batch import nothing  # noqa: E402
from adaptive_moe.moe import MoEConfig, Threshold  # noqa: E402
from adaptive_moe.tasks import TextCompletion  # noqa: E402

from tests.callbacks.training import Batches  # noqa: E402


class Plain(TextCompletion):
    """Judged by its loss alone, which needs no vocabulary."""

    def task_metrics(self) -> dict[str, Metric]:
        return {}

    def measure(self, *_: Any) -> None:
        pass


def validation() -> list[Batch]:
    """Five batches, of samples with other lengths."""
    batches = Batches(5).batches
    for number, batch in enumerate(batches):
        batch.samples[:] = torch.arange(4).unsqueeze(1) + 4 * number
        batch.samples[0] = 0  # a text that goes on in every batch, on one rank and the other
        batch.samples[number % 4, 40 + number :] = -1
    return batches


def analyse(batches: list[Batch], folder: Path, **options: Any) -> None:
    """Train for a step that changes nothing, then validate."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "dim": 24, "num_layers": 2, "num_heads": 2}
    optimizer = functools.partial(torch.optim.SGD, lr=0.0)
    module = Plain(gating=Threshold(0.1), optimizer=optimizer, moe=MoEConfig(4, 16), **sizes)
    trainer = Trainer(
        max_steps=1,
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        num_sanity_val_steps=0,
        callbacks=[RoutingAnalysis()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    loader = Batches(1)
    loader.batches = batches
    trainer.fit(module, Batches(1), loader)


if __name__ == "__main__":
    rank = int(os.environ["RANK"])
    strategy = DDPStrategy(broadcast_buffers=False, process_group_backend="gloo")
    mine = [*validation(), padded([nothing(sourced=False)])][rank::2]
    analyse(mine, Path(sys.argv[1]), devices=2, strategy=strategy)
    torch.distributed.destroy_process_group()  # a rank that ends with it open may abort
