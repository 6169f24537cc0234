import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adaptive_moe.moe import (
    Gating,
    ProbabilisticTopTwo,
    RandomTopTwo,
    SequenceBudget,
    Threshold,
    TopK,
    TopP,
)

RANKED = torch.tensor([[0.5, 0.45, 0.05], [0.6, 0.3, 0.1], [0.4, 0.4, 0.2], [1.0, 0.0, 0.0]])


def experts_per_token(gating: Gating, ranked: torch.Tensor = RANKED) -> list[int]:
    keep = gating(ranked, torch.zeros(len(ranked), dtype=torch.long))
    counts = keep.sum(1)
    assert torch.equal(keep, torch.arange(ranked.shape[1]) < counts.unsqueeze(1))  # the first ranks, rank 0 always
    assert (counts >= 1).all()
    return [int(count) for count in counts]


def test_top_k_keeps_k() -> None:
    assert [experts_per_token(TopK(k)) for k in (1, 2, 3)] == [[1] * 4, [2] * 4, [3] * 4]


def test_a_small_gap_brings_a_second_expert() -> None:
    assert experts_per_token(Threshold(0.1)) == [2, 1, 2, 1]
    assert experts_per_token(Threshold(0.3001)) == [2, 2, 2, 1]


def test_the_renormalised_gap_is_measured_against_the_two_best() -> None:
    assert experts_per_token(Threshold(0.3, "renormalised")) == [2, 1, 2, 1]  # 0.3 / 0.9 is more than 0.3
    assert experts_per_token(Threshold(0.34, "renormalised")) == [2, 2, 2, 1]


@pytest.mark.parametrize("gap", ["raw", "renormalised"])
def test_threshold_zero_is_top_one_but_for_ties_and_one_is_top_two(gap: str) -> None:
    assert experts_per_token(Threshold(0.0, gap)) == [1, 1, 2, 1]  # type: ignore[arg-type]
    assert experts_per_token(Threshold(1.0, gap)) == [2, 2, 2, 2]  # type: ignore[arg-type]


def test_top_p_takes_the_fewest_that_reach_p() -> None:
    assert experts_per_token(TopP(0.4)) == [1, 1, 1, 1]
    assert experts_per_token(TopP(0.55)) == [2, 1, 2, 1]
    assert experts_per_token(TopP(0.96)) == [3, 3, 3, 1]
    assert experts_per_token(TopP(1.0)) == [3, 3, 3, 3]


@given(st.lists(st.lists(st.floats(-40, 40, width=32), min_size=4, max_size=4), min_size=1, max_size=20))
def test_limits_hold_for_any_logits(logits: list[list[float]]) -> None:
    ranked = torch.tensor(logits).softmax(1).sort(1, descending=True).values
    tied = ranked[:, 0] == ranked[:, 1]
    for gap in ("raw", "renormalised"):
        assert experts_per_token(Threshold(0.0, gap), ranked) == (1 + tied.long()).tolist()
        assert set(experts_per_token(Threshold(1.0, gap), ranked)) == {2}
    assert set(experts_per_token(TopP(1.0), ranked)) == {4}


def test_chance_gives_the_share_and_another_draw_each_time() -> None:
    torch.manual_seed(0)
    ranked = RANKED[:1].expand(20_000, 3)
    first, second = (experts_per_token(RandomTopTwo(0.2), ranked) for _ in range(2))
    assert sum(first) / 20_000 == pytest.approx(1.2, abs=0.01)
    assert first != second
    assert [sum(experts_per_token(RandomTopTwo(share))) for share in (0.0, 1.0)] == [4, 8]


@pytest.mark.parametrize(("second", "chance"), [(0.0, 0.0), (0.05, 0.25), (0.1, 0.5), (0.2, 1.0), (0.5, 1.0)])
def test_the_chance_of_a_second_expert_grows_with_its_weight(second: float, chance: float) -> None:
    torch.manual_seed(0)
    scores = 0.8 * torch.tensor([[1 - second, second]])  # of three experts; the third has the rest
    ranked = torch.cat([scores, torch.tensor([[0.2]])], dim=1).expand(20_000, 3)
    mean = sum(experts_per_token(ProbabilisticTopTwo(0.2), ranked)) / 20_000
    assert mean == pytest.approx(1 + chance, abs=0.015)


def test_a_sequence_budget_goes_to_the_smallest_gaps_of_each_sample() -> None:
    gaps = torch.tensor([0.5, 0.1, 0.9, 0.3, 0.2, 0.2, 0.2, 0.8, 0.0])
    samples = torch.tensor([3, 3, 7, 3, 7, 3, 7, -1, 7])
    ranked = torch.stack([(1 + gaps) / 2, (1 - gaps) / 2], dim=1)
    keep = SequenceBudget(1.5)(ranked, samples)
    assert keep[:, 1].tolist() == [False, True, False, False, True, True, False, False, True]
    assert SequenceBudget(2.0)(ranked, samples).all()
    assert not SequenceBudget(1.0)(ranked, samples)[:, 1].any()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.floats(1, 2), st.integers(0, 2**31))
def test_every_sample_spends_its_budget(samples: list[int], goal: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    ranked = torch.rand(len(samples), 3, generator=generator).softmax(1).sort(1, descending=True).values
    second = SequenceBudget(goal)(ranked, torch.tensor(samples))[:, 1]
    for sample in set(samples):
        mine = torch.tensor(samples) == sample
        assert abs(second[mine].sum() - (goal - 1) * mine.sum()) <= 0.5001


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Threshold(-0.1), "threshold is -0.1"),
        (lambda: Threshold(3.0), "threshold is 3"),
        (lambda: Threshold(float("nan")), "threshold is nan"),
        (lambda: TopP(0.0), "p is 0"),
        (lambda: TopP(1.01), "p is 1.01"),
        (lambda: TopK(0), "k is 0"),
        (lambda: RandomTopTwo(1.5), "share is 1.5"),
        (lambda: ProbabilisticTopTwo(0.0), "threshold is 0"),
        (lambda: SequenceBudget(2.5), "experts_per_token is 2.5"),
    ],
)
def test_values_that_mean_nothing_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
