"""How far a run had to go for a loss."""

from itertools import pairwise

from .results import Moment, Run

NOTHING = Moment(step=0, seconds=0, tokens=0, flops=0)


def best_after(run: Run, part: float) -> float:
    """The lowest loss up to a part of the steps."""
    last = run.validations[-1][0]
    return min(loss for step, loss in run.validations if step <= part * last)


def steps_to(run: Run, loss: float) -> float | None:
    """Where a straight line between two validations first comes down to the loss; None if it never does."""
    for (before, above), (after, below) in pairwise(run.validations):
        if below <= loss:
            return after - (after - before) * (loss - below) / (above - below) if above > below else after
    return None


def at(run: Run, steps: float) -> dict[str, float]:
    """Seconds, tokens and operations after so many steps, between the logs in proportion."""
    moments = [NOTHING, *run.moments]
    before, after = next(
        ((one, other) for one, other in pairwise(moments) if other.step >= steps), (moments[-2], moments[-1])
    )
    part = (steps - before.step) / (after.step - before.step)
    return {
        name: getattr(before, name) + part * (getattr(after, name) - getattr(before, name))
        for name in ("seconds", "tokens", "flops")
    }


def spent_until(run: Run, loss: float) -> dict[str, float]:
    """Steps, seconds, tokens and operations to the loss; nothing where it is not reached."""
    steps = steps_to(run, loss)
    return {} if steps is None else {"steps": steps, **at(run, steps)}
