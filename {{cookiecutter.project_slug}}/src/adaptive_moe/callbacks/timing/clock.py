"""Where the time of a step goes, without ever waiting for a device."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

PAUSE = "pause"  # what is no part of a step: validation, a checkpoint, the end of an epoch


class HostTime:
    """Instants of the host's clock."""

    now = staticmethod(time.perf_counter)

    def passed(self, instant: float) -> bool:
        """Always."""
        return True

    def between(self, first: float, second: float) -> float:
        """Seconds."""
        return second - first


class DeviceTime:
    """Instants at which a GPU comes to a place in its stream; when the host sets them, they lie in the future.

    A device that has nothing to do waits for the host, and that shows: so a wait for data counts as far as it keeps
    the device waiting.
    """

    def now(self) -> Any:
        """An event in the stream."""
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def passed(self, instant: Any) -> bool:
        """Asks; does not wait."""
        return bool(instant.query())

    def between(self, first: Any, second: Any) -> float:
        """Seconds, once both have passed."""
        return float(first.elapsed_time(second)) / 1000


class Step:
    """Instants at which a part begins, spans that lie across the parts, and numbers that come along."""

    def __init__(self, start: tuple[str, Any]) -> None:
        self.marks = [start]
        self.spoilt = False
        self.spans: list[tuple[str, Any, Any]] = []
        self.carried: list[tuple[str, Tensor]] = []


class Clock:
    """Divides time into steps, and steps into parts.

    A part ends where the next begins, so that the parts add up to the step. Parts interrupt one another: `begin`
    and `end` enclose one, and what it has interrupted goes on. All that lies in a pause is left out.

    Args:
        instants: The clock that is read; a step is read when its last instant has passed.
    """

    def __init__(self, instants: HostTime | DeviceTime) -> None:
        self.instants = instants
        self.parts = ["other", PAUSE]
        self.step = Step((PAUSE, instants.now()))
        self.closed: deque[Step] = deque()

    def begin(self, part: str) -> None:
        """Interrupt what goes on; nothing interrupts a pause."""
        self.parts.append(PAUSE if self.parts[-1] == PAUSE else part)
        self.mark()

    def end(self) -> None:
        """Go on with what was interrupted."""
        self.parts.pop()
        self.mark()

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        """Both, around a block."""
        self.begin(part)
        try:
            yield
        finally:
            self.end()

    def turn_to(self, part: str) -> None:
        """Another part in place of the one that goes on, but for a pause."""
        if self.parts[-1] != PAUSE:
            self.parts[-1] = part
            self.mark()

    def mark(self) -> None:
        """From now on, the innermost part."""
        self.step.marks.append((self.parts[-1], self.instants.now()))

    def span(self, name: str, since: Any) -> None:
        """Note what has been going on since an instant, whichever part it was in."""
        self.step.spans.append((name, since, self.instants.now()))

    def carry(self, name: str, value: Tensor) -> None:
        """Have a number come to the host with the step; those of one name are added up."""
        self.step.carried.append((name, value.detach().to("cpu", non_blocking=True)))

    def spoil(self) -> None:
        """Have the step, which has been disturbed, never read."""
        self.step.spoilt = True

    def close(self) -> None:
        """End the step, and begin the next."""
        self.mark()
        if not self.step.spoilt:
            self.closed.append(self.step)
        self.step = Step(self.step.marks[-1])

    def ready(self) -> Iterator[dict[str, float]]:
        """The steps that can be read, each once: seconds by part and span, and what they carried."""
        while self.closed and self.instants.passed(self.closed[0].marks[-1][1]):
            yield self.read(self.closed.popleft())

    def read(self, step: Step) -> dict[str, float]:
        """One step, whose instants have passed."""
        values: dict[str, float] = defaultdict(float)
        for (part, first), (_, second) in pairwise(step.marks):
            values[part] += self.instants.between(first, second)
        for name, first, second in step.spans:
            values[name] += self.instants.between(first, second)
        for name, number in step.carried:
            values[name] += float(number)
        return values
