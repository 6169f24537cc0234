import pytest

from adaptive_moe.callbacks import LastCheckpoint


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="every_n_train_steps is 0"):
        LastCheckpoint(0)
