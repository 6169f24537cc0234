import math
import random

import pytest

from adaptive_moe.report.estimate import Estimate, difference, mean, ratio


def test_the_interval_of_three_values_is_student_s() -> None:
    estimate = mean([1.0, 2.0, 3.0])
    assert estimate.mean == 2
    assert estimate.high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)  # t of 2 degrees of freedom at 97.5 %
    assert estimate.low == pytest.approx(4 - estimate.high)


@pytest.mark.parametrize("number", [1, 2])
def test_one_value_and_two_that_happen_to_be_equal_tell_nothing_of_their_spread(number: int) -> None:
    assert mean(number * [5.0]) == Estimate(5.0, -math.inf, math.inf, number)
    assert ratio(number * [(1.0, 2.0)]).beyond(1) == 0


def test_a_ratio_turned_over_is_the_inverse() -> None:
    pairs = [(1.0, 2.0), (3.0, 5.0), (0.7, 1.1)]
    one, other = ratio(pairs), ratio([(b, a) for a, b in pairs])
    assert one.mean == pytest.approx(1 / other.mean)
    assert one.low == pytest.approx(1 / other.high)


def test_a_difference_that_all_pairs_show_is_seen_through_their_common_noise() -> None:
    pairs = [(noise + 0.1, noise) for noise in (0.0, 5.0, -3.0)]
    assert difference(pairs).beyond(0) == 1


@pytest.mark.parametrize("number", [3, 5])
def test_equal_schemes_are_called_different_as_rarely_as_is_said(number: int) -> None:
    chance = random.Random(0)
    called = sum(
        ratio([(chance.lognormvariate(0, 0.1), chance.lognormvariate(0, 0.1)) for _ in range(number)]).beyond(1) != 0
        for _ in range(2000)
    )
    assert 60 < called < 140  # 5 % of 2000 are 100
