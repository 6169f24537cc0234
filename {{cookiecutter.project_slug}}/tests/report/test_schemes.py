import pytest

from adaptive_moe.errors import RunError
from adaptive_moe.report.schemes import GROUPS, REFERENCE, SCHEMES, chosen


def test_groups_and_names_come_with_what_they_are_held_against() -> None:
    assert list(chosen(["adaptive_length"])) == ["top_2", "top_2_length", "adaptive_length"]
    assert list(chosen(["random_share"])) == ["top_2", "adaptive", "random_share"]
    assert list(chosen(["gaps"])) == ["top_2", "adaptive", "gap_raw", "gap_renormalised"]
    assert all(SCHEMES[scheme.control].control == REFERENCE for scheme in SCHEMES.values())
    assert set(chosen(["standard", "dense"])) == {*GROUPS["standard"], "dense"}
    assert all(name in SCHEMES for group in GROUPS.values() for name in group)


def test_an_unknown_one_is_told_the_known() -> None:
    with pytest.raises(RunError, match=r"schemes is adaptiv, which is none; choose from dense, .*adaptive.* standard"):
        chosen(["top_2", "adaptiv"])


def test_what_the_adaptive_run_measured_goes_into_the_options() -> None:
    assert SCHEMES["random_share"].filled(1.25)[-1] == "--model.gating.share=0.2500"
    assert SCHEMES["dense_matched"].filled(1.25)[-1] == "--model.moe.dense_width=1.2500"
    assert SCHEMES["budget"].needs_adaptive
    assert not SCHEMES["budget_1.2"].needs_adaptive
