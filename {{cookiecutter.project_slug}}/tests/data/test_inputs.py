"""What predict is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.data import (
    IGNORE,
    Classified,
    Pairs,
    RunningText,
    Spans,
    Tokenising,
    Turns,
)
from adaptive_moe.data.inputs import prompts, read_inputs
from adaptive_moe.data.tokenizer import train_tokenizer
from adaptive_moe.errors import RunError

TOKENIZER = train_tokenizer(["one line of text"], 280)
SPAN = {"question": "which?", "context": "this one"}


@pytest.mark.parametrize(
    ("form", "inputs", "row"),
    [
        (RunningText, "one line", {"text": "one line"}),
        (Classified, '  {"text": "one", "id": 7}', {"text": "one", "id": 7}),
        (Pairs, "a + b", {"source": "a + b"}),
        (Turns, "1 + 1", {"turns": ["1 + 1"]}),
        (Turns, '{"turns": ["1 + 1", "2", "3"]}', {"turns": ["1 + 1", "2", "3"]}),
        (Spans, json.dumps(SPAN), SPAN),
    ],
)
def test_a_text_is_enough_where_one_is_asked_for_and_an_object_is_kept_whole(
    form: type[Tokenising], inputs: str, row: dict[str, Any]
) -> None:
    assert read_inputs(inputs, form) == [row]


def test_a_file_has_a_text_or_an_object_in_each_line(tmp_path: Path) -> None:
    texts = ["one", "größer\u2028gleich", "a\x85b"]  # of which only the end of the line is one
    (tmp_path / "mine.txt").write_text("\r\n".join([*texts, " ", ""]), encoding="utf-8", newline="")
    (tmp_path / "mine.jsonl").write_text(
        "\n\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts), encoding="utf-8"
    )
    for name in ("mine.txt", "mine.jsonl"):
        assert [row["text"] for row in read_inputs(str(tmp_path / name), RunningText)] == texts
    for text in ("long " * 100 + ".txt or not", "ж" * 200, "I wrote it into notes.txt"):
        assert read_inputs(text, RunningText) == [{"text": text}]


@pytest.mark.parametrize(
    ("form", "inputs", "words"),
    [
        (RunningText, " \n ", "in which there is no text; give one, or a .txt or .jsonl file"),
        (RunningText, "nothing.txt", "inputs is nothing.txt, and there is no such file; mind the spelling"),
        (Classified, '{"text": ', r"inputs has '{\"text\": ', which is no JSON \(Expecting value.*\); mend it"),
        (Classified, '{"texts": "one"}', 'which lacks text; give an object such as {"text": "..."}'),
        (Classified, '{"text": ["one"]}', "which lacks text; give an object"),
        (RunningText, '{"text": " "}', "which lacks text; give an object"),
        (Pairs, '{"source": null}', 'which lacks source; give an object such as {"source": "..."}'),
        (Turns, '{"turns": "one"}', r'which lacks turns; give an object such as {"turns": \["..."\]}'),
        (Turns, '{"turns": []}', "which lacks turns; give an object"),
        (Turns, '{"turns": ["one", 2]}', "which lacks turns; give an object"),
        (Spans, "which?", 'which lacks question; give an object such as {"question": "...", "context": "..."}'),
        (Spans, '{"question": "which?"}', "which lacks context; give an object"),
    ],
)
def test_what_is_no_question_is_refused_with_an_example(form: type[Tokenising], inputs: str, words: str) -> None:
    with pytest.raises(RunError, match=words):
        read_inputs(inputs, form)


def test_the_line_that_is_wrong_is_shown(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"source": "one"}\n{"sauce": "two"}\n')
    with pytest.raises(RunError, match=r"inputs has .*sauce.*, which lacks source"):
        read_inputs(str(tmp_path / "mine.jsonl"), Pairs)


def test_batches_keep_the_order_and_know_the_numbers_of_the_rows() -> None:
    rows = [{"source": text} for text in ("one", "one line", "text")]
    first, second = prompts(rows, Pairs(TOKENIZER, 9, "cut"), batch_size=2)
    assert first.source
    assert first.samples.tolist() == [[0], [1]]
    assert second.samples.tolist() == [[2]]
    assert [TOKENIZER.decode(ids) for ids in first.source.ids.tolist()] == ["one", "one line"]
    spans = Spans(TOKENIZER, 20, "cut")
    (batch,) = prompts([SPAN, {**SPAN, "context": "this"}], spans, batch_size=2)
    assert batch.source is None
    assert batch.samples.max(1).values.tolist() == [0, 1]
    assert (batch.labels[batch.samples < 0] == IGNORE).all()  # padding is no answer
