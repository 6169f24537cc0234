"""A GPU's events, without a GPU."""

import time
from typing import Any, ClassVar

import pytest
import torch


class Event:
    """Of a device that is some events behind the host; who waits for it, fails."""

    recorded: ClassVar[list["Event"]] = []
    behind = 3
    synchronize: Any = None

    def __init__(self, enable_timing: bool = False) -> None:
        assert enable_timing

    def record(self) -> None:
        self.recorded.append(self)
        self.place, self.time = len(self.recorded), time.perf_counter()

    def query(self) -> bool:
        return self.place + self.behind <= len(self.recorded)

    def elapsed_time(self, later: "Event") -> float:
        assert self.query()
        assert later.query()
        return 1000 * (later.time - self.time)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", None)
    monkeypatch.setattr(Event, "recorded", [])
