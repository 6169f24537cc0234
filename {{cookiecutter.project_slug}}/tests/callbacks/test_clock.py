import functools
from typing import Any

import pytest
import torch

from adaptive_moe.callbacks.timing import (
    PAUSE,
    Clock,
    DeviceTime,
    HostTime,
    watched_moe_layers,
)
from adaptive_moe.moe import Threshold

from .fake_events import Event, install
from .training import Batches, layers, task


class Hand(HostTime):
    """Goes on when it is pushed."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return float(self.time)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def clock(hand: Hand) -> Clock:
    """One that is not paused."""
    clock = Clock(hand)
    clock.end()
    return clock


def test_parts_interrupt_one_another_and_add_up(clock: Clock, hand: Hand) -> None:
    hand.time = 1
    clock.begin("forward")
    hand.time = 3
    with clock.within("sync"):
        hand.time = 6
    hand.time = 10
    clock.turn_to("backward")
    hand.time = 15
    clock.end()
    hand.time = 21
    clock.close()
    (step,) = clock.ready()
    assert step == {PAUSE: 0, "other": 1 + 6, "forward": 2 + 4, "sync": 3, "backward": 5}
    assert not list(clock.ready())


def test_a_step_begins_where_the_one_before_has_ended(clock: Clock, hand: Hand) -> None:
    for hand.time in (5, 7):
        clock.close()
    assert [step["other"] for step in clock.ready()] == [5, 2]


def test_nothing_interrupts_a_pause(clock: Clock, hand: Hand) -> None:
    clock.begin("forward")
    with clock.within(PAUSE):
        clock.begin("data")
        clock.turn_to("sync")
        hand.time = 4
        clock.end()
        clock.turn_to("backward")
    hand.time = 5
    clock.close()
    (step,) = clock.ready()
    assert step == {PAUSE: 4, "other": 0, "forward": 1}


def test_it_begins_paused(hand: Hand) -> None:
    clock = Clock(hand)
    hand.time = 3
    clock.begin("data")
    hand.time = 4
    clock.end()
    clock.end()
    hand.time = 6
    clock.close()
    (step,) = clock.ready()
    assert step == {PAUSE: 4, "other": 2}


def test_a_step_carries_spans_and_numbers(clock: Clock, hand: Hand) -> None:
    for tokens in (5, 6):
        since = hand.now()
        hand.time += 2
        clock.span("moe", since)
        clock.carry("tokens", torch.tensor(tokens))
    clock.close()
    clock.close()
    first, second = clock.ready()
    assert (first["moe"], first["tokens"], first["other"]) == (4, 11, 4)
    assert "tokens" not in second


def test_a_step_that_was_disturbed_is_not_read(clock: Clock, hand: Hand) -> None:
    for disturbed in (False, True, False):
        hand.time += 1
        if disturbed:
            clock.spoil()
        clock.close()
    assert [step["other"] for step in clock.ready()] == [1, 1]


def test_on_a_gpu_a_step_is_read_when_it_has_passed_and_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    clock = Clock(DeviceTime())
    clock.end()  # the second event
    for _ in range(3):  # the fifth, eighth and eleventh
        clock.begin("forward")
        clock.end()
        clock.close()
    assert len(list(clock.ready())) == 2  # eight events have passed
    assert not list(clock.ready())
    for _ in range(3):
        clock.mark()
    (step,) = clock.ready()
    first, last = Event.recorded[7], Event.recorded[10]
    assert sum(step.values()) == pytest.approx(last.time - first.time)


def test_the_moe_layers_take_what_passes_in_them_forward_and_backward_in_training(clock: Clock, hand: Hand) -> None:
    model, batch = task(Threshold(0.1)).model, Batches(1).batches[0]

    def push(seconds: int, *_: Any) -> None:
        hand.time += seconds

    for layer in layers(model):
        layer.router.register_forward_hook(functools.partial(push, 1))
        layer.experts.register_full_backward_hook(functools.partial(push, 10))
    norm = model.get_submodule("norm")
    norm.register_forward_hook(functools.partial(push, 100))
    norm.register_full_backward_hook(functools.partial(push, 1000))
    with watched_moe_layers(model, clock):
        for training in (True, False):
            hidden, _ = model.train(training)(batch.ids, batch.samples)
            torch.autograd.backward(hidden.sum())
            clock.close()
    assert [step.get("moe") for step in clock.ready()] == [2 * (1 + 10), None]
    assert hand.time == 2 * (1000 + 100 + 2 * (1 + 10))
