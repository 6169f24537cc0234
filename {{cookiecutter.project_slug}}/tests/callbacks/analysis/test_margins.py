import numpy as np
import pytest
import torch

from adaptive_moe.callbacks.analysis.margins import (
    BAR,
    BINS,
    LINE,
    ONE,
    TWO,
    Histogram,
    margins,
)
from adaptive_moe.moe import Gating, RandomTopTwo, Threshold, TopK, TopP

RANKED = torch.tensor([[0.6, 0.2, 0.2], [0.4, 0.4, 0.2]])


@pytest.mark.parametrize(
    ("gating", "expected"),
    [
        (Threshold(0.1), [0.4, 0.0]),
        (Threshold(0.1, "renormalised"), [0.5, 0.0]),
        (TopP(0.5), [0.6, 0.4]),  # a second expert where the mass before it is below p
        (TopK(2), [0.4, 0.0]),
        (RandomTopTwo(0.5), [0.4, 0.0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_margin_is_the_threshold_from_which_a_second_expert_comes(gating: Gating, expected: list[float]) -> None:
    torch.testing.assert_close(margins(RANKED, gating), torch.tensor(expected))


def test_margins_stay_between_0_and_1_whatever_the_scores() -> None:
    with_a_bias = torch.tensor([[1.9, 0.1], [0.1, -0.6], [torch.nan, torch.nan]])
    for gating in (TopK(1), Threshold(0.1, "renormalised")):
        assert margins(with_a_bias, gating).tolist() == pytest.approx(
            [1, 1 if gating.max_experts == 2 else 0.7, 1], abs=0.11
        )
    assert margins(torch.ones(2, 1), TopK(1)).tolist() == [1, 1]  # a single expert leaves nothing to choose


def test_a_histogram_counts_over_equal_steps() -> None:
    histogram = Histogram.of(torch.tensor([0.0, 0.01, 0.03, 0.5, 1.0]), 0.1)
    assert {place: int(count) for place, count in enumerate(histogram.counts) if count} == {
        0: 2,
        1: 1,
        25: 1,
        BINS - 1: 1,
    }
    assert histogram.median == pytest.approx(0.03)


def columns(picture: np.ndarray, colour: tuple[int, int, int]) -> list[int]:
    return np.flatnonzero((picture == colour).all(2).any(0)).tolist()


def test_the_picture_marks_the_threshold_and_what_lies_below_it() -> None:
    spread = torch.linspace(0, 1, 1000)
    picture = Histogram.of(spread, 0.5).image()
    (left, right), width = columns(picture, LINE), BINS * BAR
    assert left < width / 2 <= right
    assert (picture[:, left] == LINE).all()
    assert max(columns(picture, TWO)) < left
    assert min(columns(picture, ONE)) > right
    assert columns(Histogram.of(spread, 0.0).image(), TWO) == []
    assert columns(Histogram.of(spread, 1.0).image(), ONE) == []


def test_without_a_threshold_no_line_is_drawn() -> None:
    histogram = Histogram.of(torch.linspace(0, 1, 100), None)
    picture = histogram.image()
    assert columns(picture, LINE) == columns(picture, TWO) == []
    assert "line" not in histogram.svg()
    assert 'd="M30.00 0v40"' in histogram._replace(threshold=0.3).svg()


def test_bars_are_as_high_as_their_counts() -> None:
    picture = Histogram.of(torch.tensor([0.1] * 40 + [0.9] * 10), None).image()
    heights = (picture == ONE).all(2).sum(0)
    assert heights.max() == 4 * heights[45 * BAR + 1]
