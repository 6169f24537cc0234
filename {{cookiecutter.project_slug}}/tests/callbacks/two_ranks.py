"""Run under torchrun: each rank trains on batches of its own and writes down what the callbacks have moved."""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from adaptive_moe.callbacks import ComputeBudget, ExpertLoadBalancer  # noqa: E402
from adaptive_moe.moe import Threshold  # noqa: E402

from tests.callbacks.training import Batches, fit, layers, task  # noqa: E402


def moved(batches: Batches, **options: Any) -> dict[str, torch.Tensor]:
    """Threshold and biases after training on these."""
    gating = Threshold(0.1)
    module = task(gating, selection_bias=True)
    fit(module, batches, ComputeBudget(1.3), ExpertLoadBalancer(0.01), **options)
    biases = [layer.router.bias for layer in layers(module) if layer.router.bias is not None]
    return {"threshold": gating.threshold, "bias": torch.stack(biases)}


if __name__ == "__main__":
    rank = int(os.environ["RANK"])
    strategy = DDPStrategy(broadcast_buffers=False, process_group_backend="gloo")
    torch.save(
        moved(Batches(5, rank, padding=rank == 1), devices=2, strategy=strategy), Path(sys.argv[1]) / f"{rank}.pt"
    )
