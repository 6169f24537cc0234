"""A data loader that makes the batches of a plan, and may begin in the middle of an epoch."""

import signal
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset

from .batch import Batch
from .batching import Batching
from .plan import Plan, RankBatches
from .windows import Chosen


class PlanLoader:
    """The batches of one rank.

    Nothing is read and no worker starts before the first batch is asked for: Lightning makes two iterators for each
    epoch and uses one.

    Args:
        samples: What the plan speaks of.
        plan: What is left of the epoch.
        batching: How pieces make a batch.
        rank: This process, of `world_size`.
        workers: Processes that read; 0 reads in this one.
        done: Batches of the epoch that lie before the plan.
    """

    def __init__(
        self,
        samples: Chosen,
        plan: Plan,
        batching: Batching,
        rank: int,
        world_size: int,
        workers: int = 0,
        done: int = 0,
    ) -> None:
        self.batches: DataLoader[Batch] = DataLoader(
            cast(Dataset[Batch], samples),
            batch_sampler=RankBatches(plan, rank, world_size),
            collate_fn=batching.collate,
            num_workers=workers,
            worker_init_fn=outlive_a_signal,
            pin_memory=torch.cuda.is_available(),
        )
        self.done = done

    def __len__(self) -> int:
        """Batches of the whole epoch, as Lightning counts."""
        return self.done + len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        """The rest of the epoch."""
        yield from self.batches

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the data module has it all. That there is a state tells Lightning that the loader can go on."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to load."""


def outlive_a_signal(_: int) -> None:
    """The first SIGTERM to all processes of a run is for its trainer, which ends its workers when it has saved."""
    signal.signal(signal.SIGTERM, lambda number, _: signal.signal(number, signal.SIG_DFL))
