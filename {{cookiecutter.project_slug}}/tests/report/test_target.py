import pytest

from adaptive_moe.report.results import Run
from adaptive_moe.report.target import at, best_after, spent_until, steps_to

from .made import run


def with_losses(*losses: float) -> Run:
    return run(steps=10 * (len(losses) - 1)).model_copy(
        update={"validations": [(10 * number, loss) for number, loss in enumerate(losses)]}
    )


def test_the_best_loss_up_to_a_part_of_the_steps() -> None:
    each = with_losses(9, 5, 3, 4, 2)
    assert best_after(each, 0.75, "min") == 3
    assert best_after(each, 0.25, "min") == 5
    assert best_after(each, 1, "min") == 2


def test_a_loss_is_reached_on_the_line_between_two_validations() -> None:
    each = with_losses(9, 5, 3, 4, 2)
    assert steps_to(each, 4, "min") == pytest.approx(15)
    assert steps_to(each, 3, "min") == pytest.approx(20)
    assert steps_to(each, 2.5, "min") == pytest.approx(37.5)
    assert steps_to(each, 1.9, "min") is None
    assert spent_until(each, 1.9, "min") == {}


def test_where_more_is_better_the_target_lies_above() -> None:
    each = with_losses(0.1, 0.3, 0.5, 0.4, 0.6)
    assert best_after(each, 0.75, "max") == 0.5
    assert steps_to(each, 0.4, "max") == pytest.approx(15)
    assert steps_to(each, 0.55, "max") == pytest.approx(37.5)
    assert steps_to(each, 0.7, "max") is None


def test_what_the_untrained_model_has_already_is_no_target() -> None:
    flat = with_losses(0, 0, 0)
    assert best_after(flat, 0.75, "max") == 0
    assert spent_until(flat, 0, "max") == {}
    assert best_after(with_losses(1, 5, 3), 1, "min") == 3
    assert best_after(run(steps=10).model_copy(update={"validations": [(10, 4.0)]}), 0.5, "min") == 4


def test_a_first_validation_that_is_there_counts_unless_the_model_is_untrained() -> None:
    late = with_losses(9, 0.5, 0.4)
    late = late.model_copy(update={"validations": late.validations[1:]})
    assert steps_to(late, 0.5, "min") == 10
    assert steps_to(late, 0.6, "min") == 10


def test_what_was_spent_until_then_lies_between_the_logs() -> None:
    assert at(run(step_ms=200), 25) == pytest.approx({"seconds": 5, "tokens": 250, "flops": 25e6})
    assert at(run(step_ms=200), 4)["seconds"] == pytest.approx(0.8)
    assert at(run(step_ms=200), 100)["seconds"] == pytest.approx(20)


def test_a_log_behind_the_last_step_is_gone_on_from() -> None:
    """Steps after the last log took as long as those before it."""
    each = run(step_ms=100, steps=40)
    assert at(each, 44)["seconds"] == pytest.approx(4.4)
