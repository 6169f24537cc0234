from collections.abc import Iterator
from itertools import chain

import pytest
from datasets import Dataset, IterableDataset

from adaptive_moe.data.plan import Piece
from adaptive_moe.data.samples import Samples
from adaptive_moe.data.tokenising import RunningText
from adaptive_moe.data.windows import Slice, Slices, Stream
from adaptive_moe.errors import RunError

from .test_samples import TOKENIZER

TEXTS = [f"line {i}" for i in range(23)]
TOKENISING = RunningText(TOKENIZER, 16, "split")


def read(samples: Samples | Slice) -> list[str]:
    pieces = [Piece(i, 0, int(length)) for i, length in enumerate(samples.lengths)]
    rows = samples.__getitems__(pieces)
    assert [int(row.samples[0]) for row in rows] == list(range(len(samples)))
    return [TOKENIZER.decode(row.ids.tolist()) for row in rows]


def test_windows_of_a_pass_hold_every_sample_once_and_the_next_pass_mixes_them_anew() -> None:
    windows = Slices(TOKENISING.take([{"text": text} for text in TEXTS]), size=5, seed=1)
    passes = [[read(windows.open(epoch)) for epoch in range(start, start + 5)] for start in (0, 5)]
    assert [len(window) for window in passes[0]] == [5, 5, 5, 5, 3]
    assert [sorted(chain(*windows)) for windows in passes] == [sorted(TEXTS)] * 2
    assert passes[0] != passes[1]
    assert read(windows.open(2)) == passes[0][2]


def stream() -> Stream:
    texts: IterableDataset = Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(num_shards=3)
    return Stream(texts.filter(lambda row: row["text"] != "line 3"), 7, TOKENISING)


def test_a_stream_is_read_on_and_begins_again_where_it_ends() -> None:
    source = stream()
    passes = [read(source.open(epoch)) for epoch in range(5)]
    assert list(chain(*passes[:4])) == [text for text in TEXTS if text != "line 3"]
    assert passes[4] == passes[0]
    assert read(source.open(4)) == passes[4]  # nothing is read twice


def test_a_stream_goes_on_from_its_state_and_ends_and_begins_as_it_would_have() -> None:
    first = stream()
    windows, states = [], []
    for epoch in range(6):
        windows.append(read(first.open(epoch)))
        states.append(first.state_dict())
    for epoch, state in enumerate(states):
        second = stream()
        second.load_state_dict(state)
        assert [read(second.open(each)) for each in range(epoch, 6)] == windows[epoch:]


def test_a_window_without_a_sample_is_passed_over_and_a_stream_without_one_is_refused() -> None:
    texts = Dataset.from_dict({"text": ["one", " ", "", "two"]}).to_iterable_dataset()
    source = Stream(texts, 1, TOKENISING)
    assert [read(source.open(epoch)) for epoch in range(3)] == [["one"], ["two"], ["one"]]
    with pytest.raises(RunError, match="the train split of the corpus has nothing to learn from"):
        Stream(Dataset.from_dict({"text": [" "]}).to_iterable_dataset(), 1, TOKENISING).open(0)


def broken() -> Iterator[dict[str, str]]:
    yield from ({"text": text} for text in TEXTS[:5])
    raise ValueError("line 6 is damaged")


def test_a_stream_that_breaks_off_says_why() -> None:
    source = Stream(IterableDataset.from_generator(broken), 5, TOKENISING)
    assert read(source.open(0)) == TEXTS[:5]
    with pytest.raises(RunError, match="texts cannot be read on: line 6 is damaged; mend or leave out that file"):
        source.open(1)
