"""A trained model, read with the gating that it was trained with, and with one expert for each token."""

import contextlib
import io
import statistics
import time
from itertools import islice
from pathlib import Path

import torch

from ..callbacks.steering import routers_of
from ..cli import CLI
from ..data import Batch
from ..moe import Gating, TopK
from ..tasks import Task
from .asked import Main
from .results import Inference

ALONE = ("--trainer.devices=1", "--trainer.num_nodes=1", "--trainer.strategy=auto")
ROUNDS = 10  # in turn, so that a machine that drifts favours neither


def read_trained(main: Main, folder: Path) -> tuple[Inference, Inference | None]:
    """The best checkpoint of a run on the test split, with both gatings; with one, where they are the same."""
    options = [f"--config={folder}/config.yaml", f"--ckpt_path={folder}/checkpoints/best.ckpt", *ALONE]
    with contextlib.redirect_stdout(io.StringIO()):
        made = main(["test", *options])
    task: Task = made.model
    routers = routers_of(task)
    gatings = {"trained": routers[0].gating if routers else None}
    qualities = {"trained": quality(made)}
    if routers and routers[0].gating.max_experts != 1:
        gatings["top_1"] = TopK(1)
        vars(made.trainer)["callbacks"] = []  # one that steers would miss what it steers
        give(task, gatings["top_1"])
        with contextlib.redirect_stdout(io.StringIO()):
            made.trainer.test(task, datamodule=made.datamodule, verbose=False)
        qualities["top_1"] = quality(made)
    device = made.trainer.strategy.root_device
    made.datamodule.setup("test")
    batches = [
        made.trainer.strategy.batch_to_device(batch, device) for batch in islice(made.datamodule.test_dataloader(), 3)
    ]
    with made.trainer.precision_plugin.forward_context():
        speeds = speed(task.to(device).eval(), gatings, batches)
    task.cpu()
    torch.cuda.empty_cache()  # for the next run
    read = {name: Inference(quality=qualities[name], **speeds[name]) for name in gatings}
    return read["trained"], read.get("top_1")


def quality(made: CLI) -> dict[str, float]:
    """By the metrics' names."""
    return {tag.removeprefix("test/"): float(value) for tag, value in made.trainer.callback_metrics.items()}


def give(task: Task, gating: Gating | None) -> None:
    """To all layers."""
    for router in routers_of(task):
        assert gating is not None
        router.gating = gating


@torch.inference_mode()
def speed(task: Task, gatings: dict[str, Gating | None], batches: list[Batch]) -> dict[str, dict[str, float]]:
    """Medians of the forward pass: of a row alone, and of full batches."""
    rows = [batch.rows([0]) for batch in batches]
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in gatings}
    for turn in range(ROUNDS + 1):
        for name, gating in gatings.items():
            give(task, gating)
            for kept, each in zip(seconds[name], (rows, batches), strict=True):
                start = now(task)
                for batch in each:
                    task.read(batch)
                if turn:
                    kept.append((now(task) - start) / len(each))
    tokens = sum(int(batch.num_tokens) for batch in batches) / len(batches)
    return {
        name: {"latency_ms": 1000 * statistics.median(row), "tokens_per_second": tokens / statistics.median(full)}
        for name, (row, full) in seconds.items()
    }


def now(task: Task) -> float:
    """When the device has done what it was asked."""
    if task.device.type == "cuda":
        torch.cuda.synchronize(task.device)
    return time.perf_counter()
