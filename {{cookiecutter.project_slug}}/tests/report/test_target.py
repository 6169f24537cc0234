import random

import pytest

from adaptive_moe.report.estimate import ratio
from adaptive_moe.report.results import Run
from adaptive_moe.report.target import at, quality_after, spent_until, steps_to

from .made import run


def with_losses(*losses: float) -> Run:
    return run(steps=10 * (len(losses) - 1)).model_copy(
        update={"validations": [(10 * number, loss) for number, loss in enumerate(losses)]}
    )


def test_the_quality_after_a_part_of_the_steps_is_that_of_the_validations_around() -> None:
    each = with_losses(9, 5, 3, 4, 2)
    assert quality_after(each, 0.75) == 4
    assert quality_after(each, 0.8) == 4
    assert quality_after(each, 0.1) == 5
    assert quality_after(each, 1) == 2
    assert quality_after(each, 0.625) == 3.5
    assert quality_after(with_losses(1, 5, 3), 1) == 3
    assert quality_after(with_losses(0, 0, 0), 0.75) == 0
    assert quality_after(with_losses(0.1, 0.3, 0.5, 0.4, 0.6), 0.75) == 0.4
    assert quality_after(run(steps=10).model_copy(update={"validations": [(10, 4.0)]}), 0.5) == 4


def test_equal_runs_take_as_long_to_what_one_of_them_has() -> None:
    """With noise in their validations, and without the luck of the one that sets the target."""
    chance = random.Random(0)
    curve = [5 * 0.96**step + 4 for step in range(0, 101, 5)]

    def some() -> Run:
        validations = [(5 * place, value + chance.gauss(0, 0.1)) for place, value in enumerate(curve)]
        return run().model_copy(update={"validations": validations})

    spent = []
    for one, other in [(some(), some()) for _ in range(600)]:
        target = quality_after(other, 0.75)
        spent.append((steps_to(one, target, "min"), steps_to(other, target, "min")))
    reached = [(one, other) for one, other in spent if one and other]
    assert len(reached) > 0.97 * len(spent)
    assert ratio(reached).mean == pytest.approx(1, abs=0.03)


def test_a_loss_is_reached_on_the_line_between_two_validations() -> None:
    each = with_losses(9, 5, 3, 4, 2)
    assert steps_to(each, 4, "min") == pytest.approx(15)
    assert steps_to(each, 3, "min") == pytest.approx(20)
    assert steps_to(each, 2.5, "min") == pytest.approx(37.5)
    assert steps_to(each, 1.9, "min") is None
    assert spent_until(each, 1.9, "min") == {}


def test_where_more_is_better_the_target_lies_above() -> None:
    each = with_losses(0.1, 0.3, 0.5, 0.4, 0.6)
    assert steps_to(each, 0.4, "max") == pytest.approx(15)
    assert steps_to(each, 0.55, "max") == pytest.approx(37.5)
    assert steps_to(each, 0.7, "max") is None


def test_what_the_untrained_model_has_already_is_no_target() -> None:
    flat = with_losses(0, 0, 0)
    assert spent_until(flat, 0, "max") == {}


def test_a_first_validation_that_is_there_counts_unless_the_model_is_untrained() -> None:
    late = with_losses(9, 0.5, 0.4)
    late = late.model_copy(update={"validations": late.validations[1:]})
    assert steps_to(late, 0.5, "min") == 10
    assert steps_to(late, 0.6, "min") == 10


def test_what_was_spent_until_then_lies_between_the_logs() -> None:
    assert at(run(step_ms=200), 25) == pytest.approx({"seconds": 5, "flops": 25e6})
    assert at(run(step_ms=200), 4)["seconds"] == pytest.approx(0.8)
    assert at(run(step_ms=200), 100)["seconds"] == pytest.approx(20)


def test_a_log_behind_the_last_step_is_gone_on_from() -> None:
    """Steps after the last log took as long as those before it."""
    each = run(step_ms=100, steps=40)
    assert at(each, 44)["seconds"] == pytest.approx(4.4)
