"""From epoch to epoch: which samples, in which order, and what is learnt about them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from .batching import Batching
from .difficulty import Difficulty
from .orders import Order
from .plan import Plan
from .windows import Chosen, Windows

Score = Callable[[Chosen, Difficulty], None]


class Epoch(NamedTuple):
    """What is left of an epoch.

    Attributes:
        samples: What the plan speaks of.
        plan: The batches that are left.
        done: How many each rank has behind it.
    """

    samples: Chosen
    plan: Plan
    done: int


class Curriculum:
    """Plans one epoch at a time, and knows where in it training is.

    The first epoch, of which no routing is known, goes by length where the order looks at difficulty.

    Args:
        windows: What an epoch chooses from.
        order: Of an epoch's samples.
        batching: How they make batches.
        seed: Of chance in the order, together with the epoch.
    """

    def __init__(self, windows: Windows, order: Order, batching: Batching, seed: int) -> None:
        self.windows, self.order, self.batching, self.seed = windows, order, batching, seed
        self.epoch, self.first = -1, 0
        self.score: Score | None = None

    def plan(self, epoch: int) -> Epoch:
        """What is left of an epoch, the current one or the next.

        The first is asked for again when Lightning estimates how many steps there will be, before it has read how far
        a run had come. It gets as many batches as it had then, and nothing in them.
        """
        if epoch < self.epoch:
            nothing = torch.empty(0, dtype=torch.int64)
            return Epoch(self.samples, Plan(nothing, nothing, torch.zeros(self.first + 1, dtype=torch.int64)), 0)
        if epoch > self.epoch:
            self.enter(epoch)
        self.planned = self.arranged()
        self.first = len(self.planned) if self.entered and epoch == 0 else self.first
        return Epoch(self.samples, self.planned, self.done)

    def enter(self, epoch: int) -> None:
        """Begin an epoch with what the last one has shown, or a pass over its samples shows."""
        self.samples = self.windows.open(epoch)
        if self.epoch < 0 or not self.windows.same:
            self.difficulty = Difficulty(self.samples.lengths)
        self.epoch, self.start, self.done, self.entered = epoch, 0, 0, True
        if self.score and epoch > 0:
            self.score(self.samples, self.difficulty)
        self.difficulty.renew()

    def arranged(self) -> Plan:
        """The plan of the current epoch, behind the tokens that are done."""
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        order = self.order.arrange(self.samples.lengths, self.difficulty.shares, self.epoch, generator)
        lengths = self.samples.lengths[order]
        return Plan(order, lengths, self.batching.cuts(lengths, self.start))

    def state_dict(self, done: int, world_size: int) -> dict[str, Any]:
        """After so many batches of the epoch on each rank; the same on every rank, and asked of all together."""
        consumed = min((done - self.done) * world_size, len(self.planned))
        return {
            "epoch": self.epoch,
            "start": int(self.planned.cuts[consumed]),
            "done": done,
            "first": self.first,
            "difficulty": self.difficulty.state_dict(),
            "windows": self.windows.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any], rank: int) -> None:
        """Go on from there."""
        self.windows.load_state_dict(state["windows"])
        self.epoch, self.start, self.done = state["epoch"], state["start"], state["done"]
        self.first, self.entered = state["first"], False
        self.samples = self.windows.open(self.epoch)
        self.difficulty = Difficulty(self.samples.lengths)
        self.difficulty.load_state_dict(state["difficulty"], rank)
