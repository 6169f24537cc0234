from pathlib import Path

import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from adaptive_moe.data import RunningText, Samples
from adaptive_moe.data.plan import Piece
from adaptive_moe.data.tokenising import LongTexts
from adaptive_moe.data.tokenizer import train_tokenizer

TOKENIZER = train_tokenizer(["one line of text", "another line"], 280)
END = 0


def ids(text: str) -> list[int]:
    return [*TOKENIZER.encode(text).ids, END]


@given(st.lists(st.text(max_size=40), max_size=5), st.integers(1, 12), st.sampled_from(["split", "cut"]))
def test_every_token_predicts_the_next_of_its_text(texts: list[str], length: int, long_texts: LongTexts) -> None:
    tokenising = RunningText(TOKENIZER, length, long_texts)
    samples = tokenising.take([{"text": text} for text in texts])
    pieces = [Piece(i, 0, int(n)) for i, n in enumerate(samples.lengths)]
    rows = samples.__getitems__(pieces) if pieces else []
    kept = [ids(text) for text in texts if text.strip()]
    if long_texts == "cut":
        kept = [text[: length + 1] for text in kept]
    assert [n for row in rows for n in row.ids.tolist()] == [n for text in kept for n in text[:-1]]
    assert [n for row in rows for n in row.labels.tolist()] == [n for text in kept for n in text[1:]]
    assert all(len(row.ids) == size <= length for row, size in zip(rows, samples.lengths, strict=True))
    text_tokens = samples.numbers("text_tokens")
    assert text_tokens[text_tokens > 0].tolist() == [len(ids(t)) - 1 for t in texts if t.strip()]
    labels = torch.tensor([n for row in rows for n in row.labels], dtype=torch.int64)
    if rows:
        assert torch.equal(samples.label_counts(280), labels.bincount(minlength=280))


def test_a_piece_is_a_part_of_a_sample_and_knows_what_follows_it() -> None:
    samples = RunningText(TOKENIZER, 50, "split").take([{"text": "one line"}, {"text": "another line of text"}])
    whole = ids("another line of text")
    first, second = samples.__getitems__([Piece(1, 0, 3), Piece(1, 3, len(whole) - 1)])
    assert first.ids.tolist() + second.ids.tolist() == whole[:-1]
    assert first.labels.tolist() + second.labels.tolist() == whole[1:]
    assert set(second.samples.tolist()) == {1}


def test_texts_are_tokenised_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Dataset.from_dict({"text": ["one line", "another", "", "line of text"]})
    first = RunningText(TOKENIZER, 8, "split").map(texts, tmp_path)
    monkeypatch.setattr(RunningText, "__call__", None)
    again = RunningText(TOKENIZER, 8, "split").map(texts, tmp_path)
    assert first.rows["ids"] == again.rows["ids"]
    assert len(list(tmp_path.glob("samples-*.arrow"))) == 1


def test_contents_tell_samples_from_others() -> None:
    """Whatever is changed: an id, a label, where one sample ends."""

    def told(**columns: list[list[int]]) -> bytes:
        return b"".join(part.numpy().tobytes() for part in Samples(Dataset.from_dict(columns)).contents())

    ids, labels = [[1, 2], [3]], [[4, 5], [6]]
    assert told(ids=ids, labels=labels) == told(labels=labels, ids=ids)
    others = ({"ids": [[1, 2], [9]]}, {"labels": [[4, 5], [9]]}, {"ids": [[1], [2, 3]], "labels": [[4], [5, 6]]})
    assert all(told(**{"ids": ids, "labels": labels, **other}) != told(ids=ids, labels=labels) for other in others)
