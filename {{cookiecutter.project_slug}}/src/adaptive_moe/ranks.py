"""Sums and means over all processes, and what their hosts tell each other."""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.distributed import ProcessGroup

watchers: list[Callable[[], AbstractContextManager[None]]] = []  # entered for as long as this rank waits for others


def sum_over_ranks(values: Shaped[Tensor, "*n"]) -> Shaped[Tensor, "*n"]:
    """The same on every rank, without a gradient; the trainer's own reduction would wait for all ranks first."""
    total = values.detach().clone()
    if torch.distributed.is_initialized():
        if torch.distributed.get_backend() == "nccl":
            total = total.cuda()  # which sums on GPUs only
        with waiting():
            torch.distributed.all_reduce(total)
    return total


@contextmanager
def waiting() -> Iterator[None]:
    """Whoever watches sees that this rank waits for the others."""
    with ExitStack() as watched:
        for watcher in watchers:
            watched.enter_context(watcher())
        yield


def mean_over_ranks(values: Shaped[Tensor, "*n"]) -> Shaped[Tensor, "*n"]:
    """What gradients must be divided by where they will be averaged, as DDP does."""
    if not torch.distributed.is_initialized():
        return values
    return sum_over_ranks(values) / torch.distributed.get_world_size()


def host_group() -> ProcessGroup | None:
    """A group for short messages between hosts, which no GPU sees; all ranks must make the first call together."""
    return beside(torch.distributed.group.WORLD) if torch.distributed.is_initialized() else None


@functools.lru_cache(maxsize=1)
def beside(world: ProcessGroup) -> ProcessGroup:
    """One for each world: the processes may end theirs and begin another."""
    group: ProcessGroup = torch.distributed.new_group(range(world.size()), backend="gloo")
    return group


def gather_hosts(values: Float[Tensor, " n"]) -> Float[Tensor, "ranks n"]:
    """What lies on each rank's host, on all of them."""
    group = host_group()
    if group is None:
        return values.unsqueeze(0)
    rows = values.new_empty(group.size(), len(values))
    torch.distributed.all_gather(list(rows.unbind()), values, group)
    return rows


def gather_objects(value: Any) -> list[Any]:
    """What each rank has to say."""
    group = host_group()
    if group is None:
        return [value]
    found: list[Any] = [None] * group.size()
    torch.distributed.all_gather_object(found, value, group)
    return found


class LateMaximum:
    """Of a number over all ranks, known a call late, so that no rank waits; all must make the same calls."""

    def __init__(self) -> None:
        self.work: torch.distributed.Work | None = None
        self.number = torch.zeros(1, dtype=torch.int64)

    def __call__(self, number: int) -> int:
        """That of the numbers of the call before, and with one process that of this one."""
        group = host_group()
        if group is None:
            return number
        if not (before := self.last()):
            self.number = torch.tensor([number])
            highest = torch.distributed.ReduceOp.MAX
            self.work = torch.distributed.all_reduce(self.number, highest, group, async_op=True)
        return before

    def last(self) -> int:
        """It has come, or comes now."""
        if self.work:
            self.work.wait()
            self.work = None
        return int(self.number)
