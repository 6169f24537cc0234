from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adaptive_moe.data.batching import Batching
from adaptive_moe.data.plan import Piece, Plan, RankBatches

LENGTHS = st.lists(st.integers(1, 9), max_size=60)
BATCHINGS = st.one_of(
    st.builds(Batching, st.none(), st.integers(1, 5), st.none()),
    st.builds(Batching, st.none(), st.none(), st.integers(9, 40)),
    st.builds(Batching, st.none(), st.integers(1, 5), st.integers(9, 40)),
    st.builds(Batching, st.integers(1, 9), st.integers(1, 5), st.none()),
    st.builds(Batching, st.integers(1, 9), st.none(), st.integers(9, 40)),
)


def plan(lengths: list[int], batching: Batching, start: int = 0) -> Plan:
    """Samples in the order of their numbers, which begin at 100."""
    sizes = torch.tensor(lengths, dtype=torch.int64)
    return Plan(100 + torch.arange(len(lengths)), sizes, batching.cuts(sizes, start))


def tokens(pieces: list[Piece]) -> list[tuple[int, int]]:
    return [(sample, place) for sample, start, stop in pieces for place in range(start, stop)]


def every_token(lengths: list[int]) -> list[tuple[int, int]]:
    return [(100 + i, place) for i, length in enumerate(lengths) for place in range(length)]


@given(LENGTHS, BATCHINGS, st.integers(1, 5))
def test_every_token_once_in_order_and_equally_many_batches_on_every_rank(
    lengths: list[int], batching: Batching, world_size: int
) -> None:
    whole = plan(lengths, batching)
    ranks = [RankBatches(whole, rank, world_size) for rank in range(world_size)]
    dealt = [list(batches) for batches in ranks]
    assert [len(batches) for batches in dealt] == [len(ranks[0])] * world_size
    turns = [batch for turn in zip(*dealt, strict=True) for batch in turn]
    assert [token for batch in turns for token in tokens(batch)] == every_token(lengths)
    assert all(turns[: len(whole)])
    assert not any(turns[len(whole) :])
    assert len(turns) - len(whole) < world_size


@given(LENGTHS, BATCHINGS)
def test_batches_keep_to_rows_and_budget_and_are_as_full_as_can_be(lengths: list[int], batching: Batching) -> None:
    whole = plan(lengths, batching)
    batches = [whole.pieces(number) for number in range(len(whole))]
    if batching.length:
        rows = min(batching.rows or 99, (batching.tokens or 999) // batching.length)
        assert all(len(tokens(batch)) == rows * batching.length for batch in batches[:-1])
        return

    def fits(sizes: list[int]) -> bool:
        rows = batching.rows or len(sizes)
        return len(sizes) <= rows and max(sizes) * len(sizes) <= (batching.tokens or max(sizes) * len(sizes))

    sizes = [[piece.stop - piece.start for piece in batch] for batch in batches]
    assert all(map(fits, sizes))
    assert not any(fits([*batch, after[0]]) for batch, after in pairwise(sizes))
    assert all(piece.start == 0 and piece.stop == lengths[piece.sample - 100] for batch in batches for piece in batch)


@given(LENGTHS, BATCHINGS, st.data())
def test_what_is_left_behind_any_batch_is_planned_the_same(lengths: list[int], batching: Batching, data: Any) -> None:
    whole = plan(lengths, batching)
    done = data.draw(st.integers(0, len(whole)))
    rest = plan(lengths, batching, start=int(whole.cuts[done]))
    assert [rest.pieces(b) for b in range(len(rest))] == [whole.pieces(b) for b in range(done, len(whole))]


@given(LENGTHS, BATCHINGS, BATCHINGS, st.data())
def test_other_batches_go_on_at_the_same_sample(
    lengths: list[int], before: Batching, after: Batching, data: Any
) -> None:
    if (before.length is None) != (after.length is None):
        return
    whole = plan(lengths, before)
    done = data.draw(st.integers(0, len(whole)))
    rest = plan(lengths, after, start=int(whole.cuts[done]))
    seen = [whole.pieces(b) for b in range(done)] + [rest.pieces(b) for b in range(len(rest))]
    assert [token for batch in seen for token in tokens(batch)] == every_token(lengths)


def test_a_sample_longer_than_the_budget_is_a_mistake_of_the_program() -> None:
    with pytest.raises(AssertionError, match="longer than a batch"):
        Batching(None, None, 5).cuts(torch.tensor([3, 6]))
