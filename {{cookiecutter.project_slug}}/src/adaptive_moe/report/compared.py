"""Schemes against one another, seed by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from .estimate import Estimate, difference, ratio
from .results import Results, Run
from .schemes import REFERENCE
from .target import quality_after, spent_until

T = TypeVar("T")
ALIKE = 0.02  # difference of padding shares
COSTS = {"step_ms": "step time", "steps": "steps", "seconds": "time", "flops": "FLOPs"}
"""Of a step, and until the target."""


def finished(results: Results, name: str) -> dict[int, Run]:
    """A scheme's runs that came to their end, by seed."""
    return {seed: run for seed, run in sorted(results.runs.get(name, {}).items()) if isinstance(run, Run)}


def costs(results: Results, name: str) -> dict[int, dict[str, float]]:
    """By seed; without what a target costs that was not reached. The target is the reference's with that seed."""
    reference = finished(results, REFERENCE)
    return {
        seed: {
            "step_ms": run.step_ms,
            **spent_until(run, quality_after(reference[seed], results.target), results.mode),
        }
        for seed, run in finished(results, name).items()
        if seed in reference
    }


def score(results: Results, run: Run) -> float:
    """The metric on the test split."""
    return run.trained.quality[results.metric]


@dataclass(frozen=True)
class Against:
    """A scheme against its control, or against the reference.

    Attributes:
        seeds: How many both have begun, those that failed among them.
        spent: The scheme's own costs, by seed.
        ratios: Of what is in `COSTS`, over the seeds that have both.
        quality: Difference of the metric.
        floor: The least that the step can take of the other's by the compute that is saved: 1 - f (1 - k / k'), f the
            MoE layers' part of the other's step, and k and k' experts per token; None for a dense model, a
            compiled one, and where the batches are not filled alike.
    """

    seeds: int
    spent: dict[int, dict[str, float]]
    ratios: dict[str, Estimate]
    quality: Estimate | None
    floor: float | None


def against(results: Results, name: str, other: str) -> Against:
    """Pair by pair."""
    mine, others = costs(results, name), costs(results, other)
    both = {key: pairs(by_seed(mine, key), by_seed(others, key)) for key in COSTS}
    runs = pairs(finished(results, name), finished(results, other))
    both["step_ms"] = [(one.step_ms, another.step_ms) for one, another in runs]  # which needs no target
    scores = [(score(results, one), score(results, another)) for one, another in runs]
    return Against(
        seeds=len(results.runs.get(name, {}).keys() & results.runs.get(other, {}).keys()),
        spent=mine,
        ratios={key: ratio(each) for key, each in both.items() if each},
        quality=difference(scores) if scores else None,
        floor=floor(runs),
    )


def by_seed(each: Mapping[int, dict[str, float]], key: str) -> dict[int, float]:
    """Of those that have it."""
    return {seed: values[key] for seed, values in each.items() if key in values}


def pairs(mine: Mapping[int, T], others: Mapping[int, T]) -> list[tuple[T, T]]:
    """Of the seeds that both have."""
    return [(mine[seed], others[seed]) for seed in mine if seed in others]


def floor(runs: list[tuple[Run, Run]]) -> float | None:
    """By the means over the seeds."""
    known = [
        1 - other.moe_share * (1 - one.mean_experts / other.mean_experts)
        for one, other in runs
        if one.mean_experts and other.mean_experts and other.moe_share
    ]
    filled = [abs(one.padding_share - other.padding_share) < ALIKE for one, other in runs]
    return fmean(known) if known and all(filled) else None
