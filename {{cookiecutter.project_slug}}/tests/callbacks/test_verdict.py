import pytest

from adaptive_moe.callbacks.timing import PARTS, Row, scalars, verdict
from adaptive_moe.callbacks.timing.verdict import slowest

STEP = {"data": 1.0, "forward": 30.0, "backward": 60.0, "sync": 2.0, "optimizer": 5.0, "other": 2.0}  # 100 ms


def row(**changed: float) -> Row:
    return Row(**{"steps": 10.0, "moe": 40.0, "tokens": 512.0, "memory": 1.5, **STEP, **changed})


def rows(late: int, **changed: float) -> list[Row]:
    """Four ranks, of which one has more to do and the others wait for it."""
    more = sum(value - STEP[part] for part, value in changed.items())
    return [row(**changed) if rank == late else row(sync=STEP["sync"] + more) for rank in range(4)]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("data", "it waits for data"),
        ("forward", "it is slow in forward"),
        ("backward", "it is slow in backward"),
        ("optimizer", "it is slow in the optimiser"),
    ],
)
@pytest.mark.parametrize("rank", [0, 3])
def test_who_holds_the_others_back_is_named_with_the_part_in_which_it_is_slow(part: str, words: str, rank: int) -> None:
    assert verdict(rows(rank, **{part: STEP[part] + 21})) == f"rank {rank} holds the others back by 21 ms: {words}"


def test_the_median_stands_for_the_others() -> None:
    four = [row(forward=50.0), row(forward=30.0), row(forward=45.0), row(forward=31.0)]
    assert slowest(four) == (0, 19.0, "forward")


def test_waiting_for_others_is_no_work_of_ones_own() -> None:
    assert slowest([row(sync=90.0, other=80.0), row(forward=31.0)]) == (1, 1.0, "forward")


def test_a_rank_is_named_only_where_mending_it_would_show() -> None:
    assert "rank" not in verdict(rows(1, forward=STEP["forward"] + 4.9))  # less than 5 % of the step
    assert "rank 1" in verdict(rows(1, forward=STEP["forward"] + 5.5))
    short = [Row(*(value / 50 for value in each)) for each in rows(1, forward=STEP["forward"] + 40)]
    assert "rank" not in verdict(short)  # 0.8 ms


def test_a_wait_for_data_on_all_ranks_is_named() -> None:
    assert verdict([row(data=34.0)] * 2) == "input-bound: 26 % of the step waits for data; raise --data.num_workers"
    assert "input-bound" not in verdict([row(data=20.0)])


def test_sync_that_nobody_is_to_blame_for_is_communication() -> None:
    assert verdict([row(sync=60.0)] * 2) == (
        "communication-bound: 38 % of the step in sync; raise --trainer.accumulate_grad_batches or the batch size"
    )
    assert "communication" not in verdict([row(sync=20.0)] * 2)


def test_one_rank_comes_before_data_and_data_before_communication() -> None:
    both = [row(data=60.0, sync=60.0), row(data=60.0, sync=60.0)]
    assert verdict(both).startswith("input-bound")
    assert verdict([both[0], row(data=90.0, sync=30.0)]).startswith("rank 1")


def test_otherwise_it_says_where_the_time_goes() -> None:
    assert verdict([row()]) == "of a step of 100 ms: backward 60 %, forward 30 %, optimizer 5 %; 40 % in MoE layers"
    assert verdict([row(moe=0.0)]).endswith("optimizer 5 %")


def test_scalars_are_means_over_ranks_and_their_parts_add_up() -> None:
    values = scalars([row(), row(forward=50.0, memory=2.5)], 1e6, 1e12)
    assert values["time/step_ms"] == 110
    assert values["time/forward_ms"] == 40
    assert sum(values[f"time/{part}_ms"] for part in PARTS) == pytest.approx(110)
    assert sum(values[f"time/{part}_share"] for part in PARTS) == pytest.approx(1)
    assert values["time/tokens_per_second_per_device"] == pytest.approx(512 / 0.11)
    assert values["time/tokens_per_second"] == pytest.approx(2 * 512 / 0.11)
    assert values["time/moe_share"] == pytest.approx(40 / 110)
    assert values["time/mfu"] == pytest.approx(3 * 1e6 * 512 / 0.11 / 1e12)
    assert values["memory/peak_gib"] == 2.5
    assert (values["time/slowest_rank"], values["time/slowest_rank_ms"]) == (1, 20)


@pytest.mark.parametrize(
    ("changed", "flops", "peak", "absent"),
    [
        ({"moe": 0.0}, 1e6, 1e12, "time/moe_share"),
        ({"memory": 0.0}, 1e6, 1e12, "memory/peak_gib"),
        ({}, 0.0, 1e12, "time/mfu"),
        ({}, 1e6, None, "time/mfu"),
        ({}, 1e6, 1e12, "time/slowest_rank"),
    ],
)
def test_what_is_not_known_is_not_logged(
    changed: dict[str, float], flops: float, peak: float | None, absent: str
) -> None:
    assert absent not in scalars([row(**changed)], flops, peak)
