"""Where data-parallel training waits for the other ranks: for their gradients, buffers and sums."""

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

from ...ranks import watchers
from .clock import Clock

Hook = Callable[..., Any]


def marking(hook: Hook, clock: Clock) -> Hook:
    """The same hook; once it has been given the last bucket of gradients, what is left of backward is waiting."""

    @functools.wraps(hook)  # torch reads the name and the signature
    def marked(state: Any, bucket: Any) -> Any:
        if bucket.is_last():
            clock.turn_to("sync")
        return hook(state, bucket)

    return marked


@contextmanager
def marked_choice(strategy: Strategy, clock: Clock) -> Iterator[None]:
    """Have the communication hook that the user chose mark the clock, before Lightning registers it."""
    with ExitStack() as undo:
        if isinstance(strategy, DDPStrategy) and strategy._ddp_comm_hook:
            undo.callback(setattr, strategy, "_ddp_comm_hook", strategy._ddp_comm_hook)
            strategy._ddp_comm_hook = marking(strategy._ddp_comm_hook, clock)
        yield


@contextmanager
def watched_ranks(strategy: Strategy, clock: Clock) -> Iterator[None]:
    """Mark where a step waits for the other ranks; a hook that somebody has registered by hand stays, unmarked."""
    model = strategy.model
    with ExitStack() as undo:
        if isinstance(model, DistributedDataParallel):
            if not model._comm_hooks:  # nobody chose one, or Lightning does not use it here
                model.register_comm_hook(None, marking(allreduce_hook, clock))
            # between the two, DDP sends the buffers
            undo.callback(model.register_forward_pre_hook(lambda *_: clock.turn_to("sync")).remove)
            undo.callback(model.module.register_forward_pre_hook(lambda *_: clock.turn_to("forward")).remove)
        watcher = functools.partial(clock.within, "sync")
        watchers.append(watcher)
        undo.callback(watchers.remove, watcher)
        yield
