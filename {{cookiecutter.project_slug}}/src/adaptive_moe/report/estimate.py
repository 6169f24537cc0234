"""Means over seeds, with what is known of their spread."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy.stats import t

CONFIDENCE = 0.95
FEWEST = 3  # of two values that happen to be equal, an interval would have no width


class Estimate(NamedTuple):
    """A mean, and the interval that holds the true one in 95 of 100 cases; as wide as can be below three values.

    From Student's t over paired seeds: a bootstrap of three or five values would be far too narrow.
    """

    mean: float
    low: float
    high: float
    values: int

    @property
    def is_bounded(self) -> bool:
        """Whether the interval says anything."""
        return self.values >= FEWEST

    def beyond(self, even: float) -> int:
        """1 if all of the interval lies above what two equal schemes would have, -1 if below, else 0."""
        return (self.low > even) - (self.high < even)


def mean(values: Sequence[float]) -> Estimate:
    """Of at least one value."""
    middle, number = statistics.fmean(values), len(values)
    half = math.inf
    if number >= FEWEST:
        half = float(t.ppf((1 + CONFIDENCE) / 2, number - 1)) * statistics.stdev(values) / math.sqrt(number)
    return Estimate(middle, middle - half, middle + half, number)


def ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """One over the other, pair by pair; averaged as logarithms, so that it is the inverse of the other over the one."""
    middle, low, high, number = mean([math.log(one / other) for one, other in pairs])
    return Estimate(math.exp(middle), math.exp(low), math.exp(min(high, 700)), number)


def difference(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """One minus the other, pair by pair."""
    return mean([one - other for one, other in pairs])
