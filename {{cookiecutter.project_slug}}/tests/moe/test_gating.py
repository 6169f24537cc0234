import pytest
import torch

from adaptive_moe.moe import Threshold

RANKED = torch.tensor([[0.5, 0.45, 0.05], [0.6, 0.3, 0.1], [0.4, 0.4, 0.2], [1.0, 0.0, 0.0]])


def experts_per_token(threshold: float, gap: str) -> list[int]:
    return Threshold(threshold, gap)(RANKED).sum(1).tolist()  # type: ignore[arg-type]


def test_a_small_gap_brings_a_second_expert() -> None:
    assert experts_per_token(0.1, "raw") == [2, 1, 2, 1]
    assert experts_per_token(0.3, "raw") == [2, 2, 2, 1]


def test_the_renormalised_gap_is_measured_against_the_two_best() -> None:
    assert experts_per_token(0.3, "renormalised") == [2, 1, 2, 1]  # 0.3 / 0.9 is more than 0.3
    assert experts_per_token(0.34, "renormalised") == [2, 2, 2, 1]


@pytest.mark.parametrize("gap", ["raw", "renormalised"])
def test_limits(gap: str) -> None:
    assert experts_per_token(0.0, gap) == [1, 1, 2, 1]  # but for exact ties
    assert experts_per_token(1.0, gap) == [2, 2, 2, 2]


def test_rank_zero_is_always_kept_and_rank_two_never() -> None:
    keep = Threshold(0.1)(RANKED)
    assert keep[:, 0].all()
    assert not keep[:, 2].any()


@pytest.mark.parametrize("threshold", [-0.1, 3.0, float("nan")])
def test_a_threshold_that_is_no_gap_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold is {threshold}"):
        Threshold(threshold)
