from pathlib import Path

import train

from adaptive_moe.report import Asked, chosen


def test_runs_go_forth_and_back_and_those_that_need_the_adaptive_one_behind_it() -> None:
    """So that no scheme is always the last."""
    asked = Asked(train.main, Path(), "sentiment", chosen(["standard", "budget"]), 3, 0.75, [], Path())
    forth, back, again = ([name for name, seed in asked.runs() if seed == number] for number in range(3))
    assert forth == ["top_2", "top_2_length", "adaptive", "adaptive_length", "random_share", "budget"]
    assert back == ["adaptive", "budget", "random_share", "adaptive_length", "top_2_length", "top_2"]
    assert again == forth
