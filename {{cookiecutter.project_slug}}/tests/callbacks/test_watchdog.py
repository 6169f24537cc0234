from typing import Any
from unittest.mock import MagicMock

import pytest
from lightning.pytorch import LightningModule, Trainer

from adaptive_moe.callbacks import Watchdog, watchdog


class Ended(BaseException):
    """In place of the process's end."""


@pytest.fixture
def trainer() -> Any:
    made: Any = MagicMock()
    made.__class__ = Trainer
    made.world_size, made.global_rank, made.global_step = 2, 1, 57
    return made


@pytest.fixture
def dog(monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    """Which ends by an exception."""

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr("os._exit", end)
    monkeypatch.setattr(watchdog, "REST", 0.0)
    made = Watchdog(minutes=0.01)
    made.parent = None
    return made


def test_a_rank_that_hangs_says_where_it_is(dog: Watchdog, trainer: Any, capfd: pytest.CaptureFixture[str]) -> None:
    dog.beat()
    with pytest.raises(Ended, match="124"):
        dog.watch(trainer)
    said = capfd.readouterr().err
    assert (
        "error: rank 1 of 2 has ended no batch for 0.01 minutes, in step 57; all ranks end, and --ckpt_path last"
        in said
    )
    assert "test_watchdog.py" in said


def test_a_rank_ends_with_the_one_that_started_it(
    dog: Watchdog, trainer: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    dog.minutes, dog.parent = 9.0, 1  # which has not started this one
    dog.beat()
    with pytest.raises(Ended, match="124"):
        dog.watch(trainer)
    assert "error: rank 1 of 2 ends: the process that has started it is gone" in capfd.readouterr().err


def test_one_process_is_not_watched(trainer: Any) -> None:
    trainer.world_size = 1
    made = Watchdog()
    made.on_fit_start(trainer, MagicMock(spec=LightningModule))
    assert not hasattr(made, "last")


def test_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match=r"minutes is 0\.0; it must be more than 0"):
        Watchdog(0.0)
