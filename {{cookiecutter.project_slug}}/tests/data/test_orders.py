from fractions import Fraction
from math import sqrt
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from adaptive_moe.data import Complexity, LengthBucketed, Order, Random
from adaptive_moe.data.orders.order import UNKNOWN

NOTHING = torch.empty(0, 0, dtype=torch.uint8)


def arrange(order: Order, lengths: list[int], shares: Tensor = NOTHING, epoch: int = 0, seed: int = 0) -> list[int]:
    shares = shares if len(shares) else torch.empty(len(lengths), 0, dtype=torch.uint8)
    return order.arrange(torch.tensor(lengths), shares, epoch, Generator().manual_seed(seed)).tolist()


def steps(shares: list[list[float]]) -> Tensor:
    return torch.tensor([[round(254 * share) for share in sample] for sample in shares], dtype=torch.uint8)


ORDERS = [
    Random(),
    LengthBucketed(4),
    Complexity("paper"),
    Complexity("magnitude", buckets=3),
    Complexity("magnitude", temperature=0.5),
]


@given(st.data(), st.sampled_from(ORDERS), st.integers(1, 40), st.integers(0, 3))
def test_every_sample_once_and_the_same_again(data: Any, order: Order, n: int, layers: int) -> None:
    lengths = data.draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    bytes_ = data.draw(st.lists(st.sampled_from([0, 1, 127, 254, 255]), min_size=n * layers, max_size=n * layers))
    shares = torch.tensor(bytes_, dtype=torch.uint8).view(n, layers)
    arranged = arrange(order, lengths, shares)
    assert sorted(arranged) == list(range(n))
    assert arranged == arrange(order, lengths, shares)


@pytest.mark.parametrize("order", [Random(), LengthBucketed(4), Complexity("magnitude"), Complexity(temperature=1.0)])
def test_chance_comes_from_the_generator(order: Order) -> None:
    lengths = [1 + i % 7 for i in range(60)]
    assert arrange(order, lengths, seed=1) != arrange(order, lengths, seed=2)


def test_buckets_hold_neighbours_in_length_and_come_in_any_order() -> None:
    lengths = [1 + (7 * i) % 40 for i in range(40)]
    arranged = [lengths[i] for i in arrange(LengthBucketed(10), lengths)]
    buckets = [arranged[i : i + 10] for i in range(0, 40, 10)]
    assert all(max(bucket) - min(bucket) == 9 for bucket in buckets)
    assert buckets != sorted(buckets)


def as_the_paper_says(lengths: list[int], shares: list[list[float]]) -> list[int]:
    """Section 3.3, word by word."""
    two_expert_tokens = [length * sum(map(Fraction, sample)) for length, sample in zip(lengths, shares, strict=True)]
    reference = shares[two_expert_tokens.index(min(two_expert_tokens))]

    def similarity(sample: list[float]) -> float:
        dot = sum(a * b for a, b in zip(sample, reference, strict=True))
        return dot / sqrt(sum(a * a for a in sample) * sum(b * b for b in reference))

    return sorted(range(len(shares)), key=lambda i: -similarity(shares[i]))


def test_the_paper_s_order_is_a_literal_reading() -> None:
    lengths = [10, 10, 30, 10, 20]
    shares = [[0.1, 0.9, 0.5], [0.2, 0.1, 0.1], [0.1, 0.0, 0.05], [0.5, 0.5, 0.5], [0.9, 0.3, 0.2]]
    expected = as_the_paper_says(lengths, shares)
    assert expected[0] == 1  # four two-expert tokens; sample 2, with smaller shares, has four and a half
    assert arrange(Complexity("paper"), lengths, steps(shares)) == expected == [1, 4, 3, 2, 0]


def test_a_cosine_does_not_see_magnitude_and_the_mean_does() -> None:
    shares = steps([[0.9, 0.9], [0.2, 0.1], [0.01, 0.01], [0.5, 0.4]])
    assert arrange(Complexity("paper"), [9, 9, 9, 9], shares) == [2, 0, 3, 1]
    assert arrange(Complexity("magnitude", buckets=4), [9, 9, 9, 9], shares) == [2, 1, 3, 0]


def test_samples_without_two_expert_tokens_are_in_front_and_ties_keep_their_places() -> None:
    shares = steps([[0.5, 0.1], [0, 0], [0.1, 0.5], [0, 0], [0.1, 0.02]])
    assert arrange(Complexity("paper"), [9] * 5, shares) == [1, 3, 4, 0, 2]
    for share in (0, 1):
        assert arrange(Complexity("paper"), [3, 1, 2], steps([[share, share]] * 3)) == (
            [0, 1, 2] if share == 0 else [1, 0, 2]  # the shortest has the fewest such tokens
        )
        assert arrange(Complexity(buckets=3), [3, 1, 2], steps([[share, share]] * 3)) == [0, 1, 2]


@pytest.mark.parametrize("mode", ["paper", "magnitude"])
def test_what_is_not_known_comes_last_by_length_and_in_the_first_epoch_that_is_all(mode: Any) -> None:
    order = Complexity(mode, buckets=5)
    shares = torch.tensor([[UNKNOWN], [254], [UNKNOWN], [3], [UNKNOWN]], dtype=torch.uint8)
    assert arrange(order, [8, 9, 2, 9, 5], shares) == [3, 1, 2, 4, 0]
    assert arrange(order, [8, 9, 2, 7, 5]) == [2, 4, 3, 0, 1]


def test_buckets_of_like_difficulty_are_shuffled_inside() -> None:
    arranged = arrange(Complexity(buckets=4), list(range(1, 101)))
    buckets = [arranged[i : i + 25] for i in range(0, 100, 25)]
    assert [sorted(bucket) for bucket in buckets] == [list(range(i, i + 25)) for i in range(0, 100, 25)]
    assert all(bucket != sorted(bucket) for bucket in buckets)


def test_pacing_opens_the_easiest_first_and_then_all() -> None:
    order = Complexity("paper", start_share=0.2, full_after=4)
    opened = [arrange(order, list(range(1, 11)), epoch=epoch) for epoch in range(6)]
    assert opened == [list(range(n)) for n in (2, 4, 6, 8, 10, 10)]


def test_temperature_fades_the_order_to_a_random_one() -> None:
    places = torch.arange(1000.0)

    def moved(temperature: float) -> float:
        arranged = arrange(Complexity("paper", temperature=temperature), list(range(1, 1001)))
        return float((torch.tensor(arranged) - places).abs().mean()) / 1000

    assert moved(0.0) == 0
    assert 0 < moved(0.01) < 0.05 < moved(0.1) < 0.2
    assert moved(100.0) == pytest.approx(1 / 3, abs=0.03)  # two places chosen by chance


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LengthBucketed(0), "bucket_size is 0"),
        (lambda: Complexity(buckets=0), "buckets is 0"),
        (lambda: Complexity(start_share=0.0), "start_share is 0.0"),
        (lambda: Complexity(start_share=0.5), "full_after is 0"),
        (lambda: Complexity(full_after=-1), "full_after is -1"),
        (lambda: Complexity(temperature=-0.1), "temperature is -0.1"),
        (lambda: Complexity(temperature=float("nan")), "temperature is nan"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
