"""Lightning's training loop, watched through what it tells its profiler."""

from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch.profilers import Profiler

from .clock import PAUSE, Clock

EPOCH = "run_training_epoch"
ACTIONS = {
    # Not the gap between two batches: data-parallel training waits for the other ranks there.
    "[_TrainingEpochLoop].train_dataloader_next": "data",
    "run_training_batch": "forward",
    "save_checkpoint": PAUSE,
}


@contextmanager
def watched_loop(profiler: Profiler, clock: Clock) -> Iterator[None]:
    """Mark what begins and ends in the loop; the profiler, whichever it is, does its own work as before."""
    start, stop, own = profiler.start, profiler.stop, dict(vars(profiler))

    def watched_start(action_name: str) -> None:
        start(action_name)
        if action_name in ACTIONS:
            clock.begin(ACTIONS[action_name])
        elif action_name == EPOCH:
            clock.end()

    def watched_stop(action_name: str) -> None:
        if action_name in ACTIONS:
            clock.end()
        elif action_name == EPOCH:
            clock.begin(PAUSE)
        stop(action_name)

    vars(profiler).update(start=watched_start, stop=watched_stop)
    yield
    for name in ("start", "stop"):
        del vars(profiler)[name]
        vars(profiler).update({name: own[name]} if name in own else {})
