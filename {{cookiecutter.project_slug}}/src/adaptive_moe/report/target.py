"""How far a run had to go."""

from itertools import pairwise
from statistics import fmean

from .results import Mode, Moment, Run

START = Moment(step=0, seconds=0, tokens=0, flops=0)
AROUND = 1 / 8  # of the steps


def quality_after(run: Run, part: float) -> float:
    """The metric on the validation split after a part of the steps: the mean of the validations around that point.

    One of them alone, or the best, has luck in it, which the run itself would have and any other would have to match.
    """
    last = run.validations[-1][0]
    trained = [(abs(step - part * last), value) for step, value in run.validations if step]
    reach = max(AROUND * last, min(distance for distance, _ in trained))
    return fmean(value for distance, value in trained if distance <= reach)


def steps_to(run: Run, target: float, mode: Mode) -> float | None:
    """Where a straight line between two validations first comes to the target.

    None if it never does, or if the untrained model is there already: that says nothing of training.
    """
    sign = -1 if mode == "max" else 1
    first, value = run.validations[0]
    if sign * value <= sign * target:
        return float(first) or None
    for (before, earlier), (after, later) in pairwise(run.validations):
        if sign * later <= sign * target:
            return before + (earlier - target) / (earlier - later) * (after - before)
    return None


def at(run: Run, steps: float) -> dict[str, float]:
    """Seconds and operations after so many steps, between the logs in proportion."""
    moments = [START, *run.moments]
    before, after = next(
        ((one, other) for one, other in pairwise(moments) if other.step >= steps), (moments[-2], moments[-1])
    )
    part = (steps - before.step) / (after.step - before.step)
    return {
        name: getattr(before, name) + part * (getattr(after, name) - getattr(before, name))
        for name in ("seconds", "flops")
    }


def spent_until(run: Run, target: float, mode: Mode) -> dict[str, float]:
    """Steps, seconds and operations to the target; nothing where it is not reached."""
    steps = steps_to(run, target, mode)
    return {} if steps is None else {"steps": steps, **at(run, steps)}
