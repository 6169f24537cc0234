"""What becomes of a row, form by form; of running text, see test_samples.py."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from adaptive_moe.data import (
    IGNORE,
    START,
    STOP,
    Batch,
    Classified,
    Pairs,
    RunningText,
    Spans,
    Tokenising,
    Turns,
)
from adaptive_moe.data.plan import Piece
from adaptive_moe.data.tokenizer import train_tokenizer
from adaptive_moe.errors import RunError

TOKENIZER = train_tokenizer(["one line of text", "another line, and one more"], 280)
END = 0
TEXT = st.text(max_size=12)


def ids(text: str) -> list[int]:
    found: list[int] = TOKENIZER.encode(text).ids
    return found


def batches(form: type[Tokenising], rows: list[dict[str, Any]], length: int = 99) -> list[Batch]:
    samples = form(TOKENIZER, length, "cut").take(rows)
    pieces = [Piece(i, 0, int(size)) for i, size in enumerate(samples.lengths)]
    return samples.__getitems__(pieces) if pieces else []


def only(form: type[Tokenising], row: dict[str, Any], length: int = 99) -> Batch:
    (batch,) = batches(form, [row], length)
    assert batch.ids.shape == batch.labels.shape == batch.samples.shape
    return batch


def test_a_class_is_the_label_of_the_token_before_the_text() -> None:
    batch = only(Classified, {"text": "one line", "label": 3})
    assert batch.ids.tolist() == [END, *ids("one line")]
    assert batch.labels.tolist() == [3] + [IGNORE] * len(ids("one line"))
    cut = only(Classified, {"text": "one line", "label": 3}, 2)
    assert cut.ids.tolist() == [END, ids("one line")[0]]
    assert cut.labels.tolist() == [3, IGNORE]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4), st.integers(1, 8))
def test_a_target_is_read_shifted_right_and_a_source_is_closed(pairs: list[tuple[str, str]], length: int) -> None:
    found = batches(Pairs, [{"source": source, "target": target} for source, target in pairs], length)
    whole = [(ids(source), ids(target)) for source, target in pairs if source.strip() and target.strip()]
    for (source, target), batch in zip(whole, found, strict=True):
        assert batch.ids.tolist() == [END, *target][:length]
        assert batch.labels.tolist() == [*target, END][:length]
        assert batch.labels[:-1].tolist() == batch.ids[1:].tolist()
        assert batch.source
        assert batch.source.ids.tolist() == [*source[: length - 1], END]
        assert set(batch.samples.tolist()) == set(batch.source.samples.tolist())


def marked(batch: Batch, mark: int) -> list[int]:
    return [i for i, label in enumerate(batch.labels.tolist()) if label != IGNORE and label & mark]


def asked(context: str, start: int, stop: int) -> dict[str, Any]:
    return {"question": "which?", "context": context, "answers": [context[start:stop], "x"], "starts": [start, 0]}


@given(st.text(min_size=1, max_size=20), st.data())
def test_the_marked_tokens_hold_the_answer_and_no_more_than_they_must(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    stop = data.draw(st.integers(start + 1, len(context)))
    found = batches(Spans, [asked(context, start, stop)])
    if not context[start:stop].strip():
        assert not found
        return
    (batch,), before = found, len(ids("which?")) + 2
    assert batch.ids.tolist() == [END, *ids("which?"), END, *ids(context)]
    assert (batch.labels == IGNORE).tolist() == [True] * before + [False] * len(ids(context))
    (first,), (last,) = marked(batch, START), marked(batch, STOP)
    assert context[start:stop] in TOKENIZER.decode(batch.ids[first : last + 1].tolist())
    offsets = TOKENIZER.encode(context).offsets
    assert offsets[first - before][1] > start
    assert offsets[last - before][0] < stop


def test_an_answer_that_is_cut_has_no_end_and_one_behind_has_no_mark() -> None:
    row = asked("line one more", 5, 13)
    whole = only(Spans, row)
    (first,), (last,) = marked(whole, START), marked(whole, STOP)
    assert first < last
    assert marked(only(Spans, asked("line one more", 0, 4)), START | STOP) == [len(ids("which?")) + 2]
    for length, begins in ((last, [first]), (first, [])):
        batch = only(Spans, row, length)
        assert len(batch.ids) == length
        assert (marked(batch, START), marked(batch, STOP)) == (begins, [])


@given(st.lists(TEXT, max_size=5), st.integers(1, 20))
def test_of_a_dialogue_the_replies_are_learnt_token_by_token_and_nothing_else(turns: list[str], length: int) -> None:
    read, learnt = [END], [IGNORE]  # the first token has nothing before it that could predict it
    for number, text in enumerate(turns):
        turn = [*(ids(text) if text.strip() else []), END]
        read += turn
        learnt += turn if number % 2 and len(turn) > 1 else [IGNORE] * len(turn)
    expected = learnt[2:][:length]
    found = batches(Turns, [{"turns": turns}], length)
    if set(expected) <= {IGNORE}:
        assert not found
        return
    (batch,) = found
    assert batch.ids.tolist() == read[1:-1][:length]
    assert batch.labels.tolist() == expected


@pytest.mark.parametrize(
    ("form", "unusable"),
    [
        (Classified, [{"text": text, "label": 0} for text in ("", " \n", None)]),
        (Pairs, [{"source": a, "target": b} for a, b in (("", "b"), ("a", " "), (None, "b"), ("a", None))]),
        (
            Spans,
            [
                {"question": "a", "context": "b c", "answers": answers, "starts": starts}
                for answers, starts in (([], []), (None, None), (["c"], [0]), (["c"], [9]), ([" "], [1]), (["c"], []))
            ],
        ),
        (Turns, [{"turns": turns} for turns in (None, [], ["a"], ["a", " "], ["a", "", "b"])]),
        (RunningText, [{"text": text} for text in ("", " \n", None)]),
    ],
)
def test_a_row_that_nothing_can_be_learnt_from_is_left_out_and_the_others_keep_their_numbers(
    form: type[Tokenising], unusable: list[dict[str, Any]]
) -> None:
    usable = {"text": "a", "label": 1, "source": "a", "target": "b", "question": "a", "context": "b c"}
    usable |= {"answers": ["c"], "starts": [2], "turns": ["a", "b"]}
    rows = [*unusable, {name: usable[name] for name in form.columns}]
    assert form(TOKENIZER, 9, "cut").take(rows).numbers("row").tolist() == [len(unusable)]


ASKED: dict[type[Tokenising], tuple[dict[str, Any], list[int], list[int] | None]] = {
    Classified: ({"text": "one line"}, [END, *ids("one line")], None),
    Pairs: ({"source": "one line"}, [END], [*ids("one line"), END]),
    Spans: ({"question": "one", "context": "a line"}, [END, *ids("one"), END, *ids("a line")], None),
    Turns: ({"turns": ["one", "line", "a"]}, [*ids("one"), END, *ids("line"), END, *ids("a"), END], None),
    RunningText: ({"text": "one line"}, ids("one line"), None),
}


@pytest.mark.parametrize("form", ASKED)
def test_a_prediction_starts_from_what_training_would_have_seen_before_the_answer(form: type[Tokenising]) -> None:
    asked, read, source = ASKED[form]
    tokenising = form(TOKENIZER, 99, "cut")
    sample = tokenising.prompt(asked)
    assert (sample.ids, sample.source) == (read, source)
    assert sample.labels is not None
    assert len(sample.labels) == len(sample.ids)
    longest = max(len(read), len(source or []))
    assert sample.text_tokens == longest
    assert form(TOKENIZER, longest, "cut").prompt(asked) == sample
    with pytest.raises(RunError, match=rf"inputs has a text of {longest} tokens \(.*, and context_length is"):
        form(TOKENIZER, longest - 1, "cut").prompt(asked)


def test_only_context_may_be_the_answer_to_a_question_that_is_asked() -> None:
    asked, read, _ = ASKED[Spans]
    labels = torch.tensor(Spans(TOKENIZER, 99, "cut").prompt(asked).labels)
    assert labels.tolist() == [IGNORE] * (len(read) - len(ids("a line"))) + [0] * len(ids("a line"))


def test_samples_of_code_that_has_changed_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    rows, code = Dataset.from_dict({"text": ["one", "more"]}), tmp_path / "own_form.py"
    lengths = []
    for times in (1, 2):
        code.write_text(
            "from adaptive_moe.data import RunningText\n\n\nclass Own(RunningText):\n"
            f"    def ids(self, texts):\n        return super().ids(text * {times} for text in texts)\n"
        )
        monkeypatch.delitem(sys.modules, "own_form", raising=False)
        form = importlib.import_module("own_form").Own
        lengths.append(form(TOKENIZER, 99, "cut").map(rows, tmp_path).lengths.tolist())
    assert lengths[0] != lengths[1]
