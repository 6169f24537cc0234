from hypothesis import given
from hypothesis import strategies as st

from adaptive_moe.data.order import FILLER, Order


def rows_of(
    num_rows: int, batch_size: int, world_size: int, epoch: int = 0, shuffle: bool = True
) -> list[list[list[int]]]:
    orders = [
        Order(num_rows, batch_size, shuffle=shuffle, seed=3, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for order in orders:
        order.set_epoch(epoch)
    return [list(order) for order in orders]


@given(st.integers(1, 50), st.integers(1, 7), st.integers(1, 5))
def test_every_row_once_and_every_rank_alike(num_rows: int, batch_size: int, world_size: int) -> None:
    ranks = rows_of(num_rows, batch_size, world_size)
    assert len({len(batches) for batches in ranks}) == 1
    assert len(ranks[0]) == len(Order(num_rows, batch_size, shuffle=True, world_size=world_size))
    assert {len(batch) for batches in ranks for batch in batches} == {batch_size}
    rows = [row for batches in ranks for batch in batches for row in batch]
    assert sorted(row for row in rows if row != FILLER) == list(range(num_rows))


@given(st.integers(1, 50), st.integers(1, 4))
def test_the_global_batch_does_not_depend_on_the_number_of_ranks(num_rows: int, batch_size: int) -> None:
    (one,) = rows_of(num_rows, 2 * batch_size, world_size=1)
    first, second = rows_of(num_rows, batch_size, world_size=2)
    assert [sorted(batch) for batch in one] == [sorted(a + b) for a, b in zip(first, second, strict=True)]


def test_a_new_order_each_epoch_and_the_same_one_for_the_same_seed() -> None:
    assert rows_of(40, 4, 1) == rows_of(40, 4, 1)
    assert rows_of(40, 4, 1, epoch=0) != rows_of(40, 4, 1, epoch=1)
    assert rows_of(6, 2, 1, epoch=1, shuffle=False) == [[[0, 1], [2, 3], [4, 5]]]
