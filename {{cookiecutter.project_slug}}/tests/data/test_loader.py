from typing import Any

import torch

from adaptive_moe.data.batch import PackedRows
from adaptive_moe.data.loader import ResumableLoader
from adaptive_moe.data.order import Order


def loader() -> ResumableLoader:
    rows = PackedRows([[i] * 3 for i in range(1, 11)], end_of_text=0, length=4)
    return ResumableLoader(rows, Order(len(rows), 2, shuffle=True))


def first_tokens(batches: Any) -> list[list[int]]:
    return [batch.ids[:, 0].tolist() for batch in batches]


def test_it_goes_on_behind_the_last_batch_and_the_next_epoch_is_whole() -> None:
    whole, cut = loader(), loader()
    iterator = iter(cut)
    seen = first_tokens(next(iterator) for _ in range(2))
    resumed = loader()
    resumed.load_state_dict(cut.state_dict())
    assert seen + first_tokens(resumed) == first_tokens(whole)
    assert len(resumed) == 5
    assert len(first_tokens(resumed)) == 5


def test_a_finished_epoch_is_not_repeated() -> None:
    done = loader()
    list(done)
    resumed = loader()
    resumed.load_state_dict(done.state_dict())
    resumed.sampler.set_epoch(1)
    assert len(list(resumed)) == 5


def test_nothing_is_drawn_before_the_first_batch() -> None:
    late, early = loader(), loader()
    iterator = iter(late)
    late.sampler.set_epoch(7)
    early.sampler.set_epoch(7)
    assert torch.equal(next(iterator).ids, next(iter(early)).ids)
