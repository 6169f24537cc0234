"""Run under torchrun: one of two ranks is made slow, in one way after the other; each writes down what it was told."""

import functools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.overrides.distributed import _register_ddp_comm_hook
from lightning.pytorch.strategies import DDPStrategy
from torch.distributed import GradBucket  # type: ignore[attr-defined]
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from adaptive_moe.callbacks import StepTimer  # noqa: E402
from adaptive_moe.data import Batch  # noqa: E402
from adaptive_moe.moe import Threshold  # noqa: E402
from adaptive_moe.ranks import host_group  # noqa: E402

from tests.callbacks.training import Batches, fit, task  # noqa: E402

RANK, STEPS = int(os.environ.get("RANK", 0)), 20
SLOW = 0.04  # seconds: far more than two processes on a busy machine differ by
buckets: list[int] = []


class SlowBatches(Batches):
    def __iter__(self) -> Iterator[Batch]:
        for batch in super().__iter__():
            time.sleep(SLOW)
            yield batch


class SlowSGD(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        time.sleep(SLOW)
        return loss


def counting(state: Any, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
    buckets.append(bucket.index())
    return allreduce_hook(state, bucket)


class Hooked(DDPStrategy):
    """Registers its hook on a CPU too."""

    def _register_ddp_hooks(self) -> None:
        _register_ddp_comm_hook(self.model, self._ddp_comm_state, self._ddp_comm_hook)  # type: ignore[arg-type]


def trained(slow: str, strategy: DDPStrategy | None = None, **options: Any) -> dict[str, Any]:
    """What the timer has to say of a run in which this is slow on this rank."""
    timer, module = StepTimer(), task(Threshold(0.1))
    if slow == "forward":
        module.model.register_forward_pre_hook(lambda *_: time.sleep(SLOW))
    if slow == "optimizer":
        module.optimizer = functools.partial(SlowSGD, lr=0.0)
    if slow == "backward":
        module.model.get_submodule("norm").register_full_backward_hook(lambda *_: time.sleep(SLOW))
    batches = (SlowBatches if slow == "data" else Batches)(STEPS, RANK)
    strategy = strategy or DDPStrategy(broadcast_buffers=False)
    fit(module, batches, timer, devices=2, strategy=strategy, log_every_n_steps=10, **options)
    return {"verdict": timer.verdict, **timer.logged}


if __name__ == "__main__":
    chosen = Hooked(broadcast_buffers=False, ddp_comm_hook=counting, bucket_cap_mb=0.02)
    cases: list[tuple[str, int, dict[str, Any]]] = [
        ("data", 0, {"strategy": DDPStrategy()}),  # which sends its buffers from rank 0
        ("data", 1, {}),
        ("forward", 1, {}),
        ("backward", 1, {}),
        ("backward", 0, {"strategy": chosen, "accumulate_grad_batches": 2}),
        ("optimizer", 0, {}),
    ]
    told: dict[str, Any] = {}
    for part, rank, options in cases:
        told[f"{part} of rank {rank}"] = trained(part if rank == RANK else "", **options)
    told["buckets"] = {index: buckets.count(index) for index in set(buckets)}
    assert chosen._ddp_comm_hook is counting
    assert host_group() is host_group()
    Path(sys.argv[1], f"{RANK}.json").write_text(json.dumps(told))
