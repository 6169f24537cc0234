import torch

from adaptive_moe.data.batch import PackedRows
from adaptive_moe.data.loader import ResumableLoader
from adaptive_moe.data.order import Order


def loader(done: int = 0) -> ResumableLoader:
    rows = PackedRows([[i] * 3 for i in range(1, 11)], end_of_text=0, length=4)
    return ResumableLoader(rows, Order(len(rows), 2, shuffle=True), lambda: done)


def first_tokens(batches: ResumableLoader) -> list[list[int]]:
    return [batch.ids[:, 0].tolist() for batch in batches]


def test_it_goes_on_behind_the_batches_that_are_done() -> None:
    whole, rest = loader(), loader(done=2)
    assert len(whole) == len(rest) == 5
    assert first_tokens(rest) == first_tokens(whole)[2:]


def test_nothing_is_drawn_before_the_first_batch() -> None:
    late, early = loader(), loader()
    iterator = iter(late)
    late.sampler.set_epoch(7)
    early.sampler.set_epoch(7)
    assert torch.equal(next(iterator).ids, next(iter(early)).ids)
