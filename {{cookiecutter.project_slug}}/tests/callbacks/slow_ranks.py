"""Run under torchrun: one of two ranks is made slow, in one way after the other; each writes down what it was told.

Ranks, collectives and hooks are real. Time is not: it stands still but where somebody is slow, and whoever waits in a
collective has the latest rank's time when it is through. So all that is told is known beforehand, on any machine.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.overrides.distributed import _register_ddp_comm_hook
from lightning.pytorch.strategies import DDPStrategy
from torch.distributed import GradBucket  # type: ignore[attr-defined]
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from adaptive_moe.callbacks import StepTimer, step_timer  # noqa: E402
from adaptive_moe.callbacks.timing import HostTime, sync  # noqa: E402
from adaptive_moe.data import Batch  # noqa: E402
from adaptive_moe.moe import Threshold  # noqa: E402
from adaptive_moe.ranks import gather_hosts, host_group  # noqa: E402

from tests.callbacks.training import Batches, fit, task  # noqa: E402

RANK, STEPS = int(os.environ.get("RANK", 0)), 20
SLOW = 0.04  # seconds
buckets: list[int] = []


class SimulatedTime(HostTime):
    """Of this rank."""

    time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self) -> None:
        self.time += SLOW

    def meet(self) -> None:
        self.time = gather_hosts(torch.tensor([self.time], dtype=torch.float64)).max().item()

    def meeting(self, collective: Callable[..., Any]) -> Callable[..., Any]:
        """What returns when all ranks have come."""

        @functools.wraps(collective)
        def met(*args: Any, **options: Any) -> Any:
            if not options.get("async_op"):
                self.meet()
            return collective(*args, **options)

        return met


TIME = SimulatedTime()


def reduced(state: Any, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
    """As DDP does it: backward does not end before the last bucket has come from all ranks."""
    if bucket.is_last():
        TIME.meet()
    return allreduce_hook(state, bucket)


class SlowBatches(Batches):
    def __iter__(self) -> Iterator[Batch]:
        for batch in super().__iter__():
            TIME.sleep()
            yield batch


class SlowSGD(torch.optim.SGD):
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        TIME.sleep()
        return loss


def counting(state: Any, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
    buckets.append(bucket.index())
    return reduced(state, bucket)


class Hooked(DDPStrategy):
    """Registers its hook on a CPU too."""

    def _register_ddp_hooks(self) -> None:
        _register_ddp_comm_hook(self.model, self._ddp_comm_state, self._ddp_comm_hook)  # type: ignore[arg-type]


def trained(slow: str, strategy: DDPStrategy | None = None, **options: Any) -> dict[str, Any]:
    """What the timer has to say of a run in which this is slow on this rank."""
    timer, module = StepTimer(), task(Threshold(0.1))
    if slow == "forward":
        module.model.register_forward_pre_hook(lambda *_: TIME.sleep())
    if slow == "optimizer":
        module.optimizer = functools.partial(SlowSGD, lr=0.0)
    if slow == "backward":
        module.model.get_submodule("norm").register_full_backward_hook(lambda *_: TIME.sleep())
    batches = (SlowBatches if slow == "data" else Batches)(STEPS + 1, RANK)  # one is fetched ahead
    strategy = strategy or DDPStrategy(broadcast_buffers=False)
    options = {"devices": 2, "strategy": strategy, "limit_train_batches": STEPS, "log_every_n_steps": 10, **options}
    fit(module, batches, timer, **options)
    return {"verdict": timer.verdict, **timer.logged}


if __name__ == "__main__":
    vars(step_timer)["HostTime"], vars(sync)["allreduce_hook"] = (lambda: TIME), reduced
    for place, name in ((torch.distributed, "all_reduce"), (DistributedDataParallel, "_sync_buffers")):
        setattr(place, name, TIME.meeting(getattr(place, name)))
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
