import math
import re
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adaptive_moe.report.compared import against
from adaptive_moe.report.markdown import markdown, quality
from adaptive_moe.report.report import write_report
from adaptive_moe.report.results import Failed, Results, Run

from .made import results, run, seeds


def cells(made: Results, scheme: str = "adaptive") -> dict[str, str]:
    """Of the first table, by its head."""
    text = markdown(made).split("## Against their controls")[0].split("## Experts per token")[0]
    (head,), (row,) = (re.findall(rf"^\| {first} \|(.*)\|$", text, re.MULTILINE) for first in ("scheme", f"`{scheme}`"))
    return {name.strip(): cell.strip() for name, cell in zip(head.split("|"), row.split("|"), strict=True)}


def test_each_column_has_its_name() -> None:
    row = cells(compared(step_ms=80, experts=1.2))
    assert row["experts per token"] == "1.20 ± 0.00"
    assert row["padding"] == "25% ± 0%"
    assert row["million tokens"] == "0.00 ± 0.00"
    assert row["step time"].startswith("0.80")
    assert row["its floor"] == "0.80"
    assert row["steps to the target"].startswith("1.00")
    assert row["time to the target"].startswith("0.80")
    assert row["perplexity"] == "0.5 ± 0"


def test_a_layer_may_have_experts_in_some_schemes_only() -> None:
    one = seeds(lambda _: run().model_copy(update={"experts_per_token": {"layer_1": 1.3}}))
    made = results({"dense": seeds(lambda _: run(experts=None)), "top_2": seeds(lambda _: run()), "adaptive": one})
    rows = markdown(made).split("## Experts per token")[1].split("##")[0]
    assert "| `top_2` | 2.00 ± 0.00 | 2.00 ± 0.00 |" in rows
    assert "| `adaptive` |  | 1.30 ± 0.00 |" in rows
    assert "dense" not in rows


def noisy(seed: int) -> float:
    return 1 + 0.02 * ((seed * 7) % 3 - 1)


def compared(step_ms: float = 100, **options: Any) -> Results:
    """Top-2 and a scheme that differs from it as is said."""
    top_2 = seeds(lambda seed: run(100 * noisy(seed)))
    return results({"top_2": top_2, "adaptive": seeds(lambda seed: run(step_ms * noisy(seed + 1), **options))})


def test_a_faster_scheme_is_found_faster() -> None:
    row = cells(compared(step_ms=80, experts=1.2))
    assert row["experts per token"] == "1.20 ± 0.00"
    assert row["padding"] == "25% ± 0%"
    assert re.fullmatch(r"0\.80 \(0\.7\d to 0\.8\d\) \*\*better\*\*", row["step time"])
    assert "better" not in row["steps to the target"]
    assert "better" in row["time to the target"]


def test_a_scheme_that_needs_fewer_steps_is_found_to() -> None:
    told = against(compared(decay=0.02), "adaptive", "top_2")
    assert told.ratios["steps"].mean == pytest.approx(0.5, rel=0.05)
    assert told.ratios["flops"].mean == pytest.approx(0.5, rel=0.05)
    assert told.ratios["step_ms"].beyond(1) == 0


def test_equal_schemes_are_not_called_different() -> None:
    assert "**" not in "".join(cells(compared()).values())


def test_a_step_faster_than_the_compute_allows_is_marked() -> None:
    """With half of the step in the layers and three quarters of the experts, 0.875 is the least."""
    assert against(compared(experts=1.5), "adaptive", "top_2").floor == pytest.approx(0.875)
    assert "below the floor" not in markdown(compared(step_ms=90, experts=1.5))
    assert cells(compared(step_ms=78, experts=1.5))["step time"].endswith(") (below the floor)")
    in_part = cells(compared(step_ms=86, experts=1.5))["step time"]
    assert in_part.endswith(") **better** (below the floor)")  # its interval holds the floor
    more = results({"top_2": seeds(lambda _: run()), "adaptive": seeds(lambda seed: run(105 + seed / 9, experts=2.5))})
    assert cells(more)["step time"].endswith(") **worse** (below the floor)")


def test_nothing_is_called_better_of_which_seeds_are_missing() -> None:
    made = compared(decay=0.02)
    never = run(decay=0.001)
    made = made.model_copy(update={"runs": {**made.runs, "adaptive": {**made.runs["adaptive"], 2: never}}})
    assert cells(made)["steps to the target"].endswith(" (2 of 3 seeds)")
    assert "better" in cells(compared(decay=0.02))["steps to the target"]


def test_nothing_is_called_better_of_which_the_other_lacks_a_seed() -> None:
    made = compared(decay=0.02, quality=0.4)
    hopeless = run(decay=0.0)  # as a top-2 that has nothing to reach: its target is what it began with
    lacking = {**made.runs, "top_2": {**made.runs["top_2"], 2: hopeless}}
    assert cells(made.model_copy(update={"runs": lacking}))["steps to the target"] == "0.50 (2 of 3 seeds)"
    failed = {**made.runs, "adaptive": {**made.runs["adaptive"], 1: Failed(options=[], failed="gone")}}
    row = cells(made.model_copy(update={"runs": failed}))
    assert all(row[name].endswith(" (2 of 3 seeds)") for name in ("difference", "step time", "steps to the target"))
    assert "better" not in "".join(row.values())
    early = {**made.runs, "adaptive": {seed: made.runs["adaptive"][seed] for seed in (0, 1)}}
    assert "of 3 seeds" not in markdown(made.model_copy(update={"runs": early}))


def test_a_step_needs_no_target() -> None:
    """A seed of top-2 that has failed takes none from what is held against another."""
    top_2: list[Run | Failed] = [run(), Failed(options=[], failed="gone"), run()]
    by_length = {
        "top_2_length": seeds(lambda _: run()),
        "adaptive_length": seeds(lambda seed: run(80 * noisy(seed), experts=1.2)),
    }
    told = markdown(results({"top_2": top_2, **by_length})).split("## Against their controls")[1].split("##")[0]
    assert re.search(r"\| 0\.80 \(0\.\d\d to 0\.\d\d\) \*\*better\*\* \|", told)
    assert told.count("(2 of 3 seeds)") == 3  # steps, time and FLOPs to a target


def test_chance_is_held_against_the_gap() -> None:
    made = compared(step_ms=80, experts=1.2)
    made.runs["random_share"] = dict(
        enumerate(seeds(lambda seed: run(80 * noisy(seed + 2), decay=0.0095, experts=1.2)))
    )
    told = markdown(made).split("## Against their controls")[1].split("##")[0]
    assert "| `random_share` |" in told
    assert told.count("**worse**") == 2  # steps and FLOPs


def test_what_is_said_of_code_is_escaped_once(tmp_path: Path) -> None:
    gone = Failed(options=[], failed="__init__ got `a&b<c`")
    write_report(results({"top_2": [run()], "adaptive": [gone]}), tmp_path)
    assert "<code>__init__ got a&amp;b&lt;c</code>" in (tmp_path / "report.html").read_text()


def test_what_is_never_reached_is_said_so() -> None:
    assert cells(compared(decay=0.001))["steps to the target"] == "not reached (0 of 3 seeds)"
    text = markdown(compared(decay=0.001))
    assert "inf" not in text
    assert "nan" not in text


def test_less_perplexity_is_better_and_less_accuracy_is_worse() -> None:
    assert cells(compared(quality=0.4))["difference"].endswith("-0.1 (-0.1 to -0.1) **better**")
    assert cells(compared(quality=0.6))["difference"].endswith("**worse**")
    assert quality(against(compared(quality=0.4), "adaptive", "top_2"), "max").endswith("**worse**")
    assert quality(against(compared(quality=0.6), "adaptive", "top_2"), "max").endswith("**better**")


@pytest.mark.parametrize(
    "made",
    [
        results({}),
        results({"top_2": [run()]}),
        results({"adaptive": [run()]}),
        results({"top_2": [run()], "adaptive": [Failed(options=[], failed="<script>alert(1)</script>")]}),
        compared(decay=0.0005),
        results({"top_2": seeds(lambda _: run(decay=0.0)), "adaptive": seeds(lambda _: run(decay=0.0))}),
        results({"top_2": seeds(lambda _: run(decay=0.3)), "adaptive": seeds(lambda _: run(decay=0.3, step_ms=5000))}),
        results({"top_2": [Failed(options=[], failed="gone")], "adaptive": seeds(lambda _: run())}),
        results({"top_2": seeds(lambda _: run()), "dense": [run(experts=None)], "adaptive_length": [run(experts=1.3)]}),
        results({"top_2": seeds(lambda _: run().model_copy(update={"top_1": run(quality=math.inf).trained}))}),
    ],
)
def test_a_report_is_written_whatever_is_missing(made: Results, tmp_path: Path) -> None:
    write_report(made, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "<script>" not in page
    assert "<h1>" in page
    for name in made.runs:
        assert f"<code>{name}</code>" in page


def test_hparams_hold_the_last_state_of_each_run(tmp_path: Path) -> None:
    for made in (results({"top_2": [run()]}), compared(experts=1.2)):
        write_report(made, tmp_path)
    folders = sorted(path.name for path in (tmp_path / "hparams").iterdir())
    assert folders == [f"{name}_{seed}" for name in ("adaptive", "top_2") for seed in range(3)]
    events = EventAccumulator(str(tmp_path / "hparams/adaptive_1")).Reload()
    assert events.Scalars("compare/experts per token")[0].value == pytest.approx(1.2)
    assert events.Scalars("compare/steps")[0].value == pytest.approx(89.68, abs=0.01)
    assert "_hparams_/session_start_info" in events.summary_metadata
