"""Rows that a task cannot learn from: refused in a sentence, or left out and counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.data import (
    Corpus,
    Dialogues,
    LabelledTexts,
    Questions,
    Random,
    TextDataModule,
    TextPairs,
    Texts,
)
from adaptive_moe.errors import RunError

Row = dict[str, Any]


def write(folder: Path, rows: list[Row], **others: list[Row]) -> str:
    """A file for each split; the same in those that are not named."""
    for name in ("train", "validation", "test"):
        lines = [json.dumps(row) + "\n" for row in others.get(name, rows)]
        (folder / f"{name}.jsonl").write_text("".join(lines))
    return str(folder)


def module(corpus: Corpus, folder: Path, **options: Any) -> TextDataModule:
    sizes = {"vocab_size": 300, "context_length": 16, "packing": False, "long_texts": "cut"}
    made = TextDataModule(corpus, Random(), **{**sizes, "cache_dir": str(folder / "cache"), **options})
    made.setup("fit")
    return made


LABELS = ["bad", "good", "so so"]


def labelled(*labels: object) -> list[Row]:
    return [{"text": f"film {i}", "label": label} for i, label in enumerate(labels)]


def test_classes_are_numbers_or_names(tmp_path: Path) -> None:
    for name, given in (("numbers", (2, 0, 1)), ("names", ("so so", "bad", "good"))):
        (tmp_path / name).mkdir()
        made = module(LabelledTexts(write(tmp_path / name, labelled(*given)), LABELS), tmp_path)
        (batch,) = made.val_dataloader()
        assert batch.labels[:, 0].tolist() == [2, 0, 1]
        assert made.num_classes == 3


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("label", [3, -1, "awful", None])
def test_a_label_that_is_no_class_is_refused_with_its_text(label: Any, streaming: bool, tmp_path: Path) -> None:
    right = labelled("bad", "good") if isinstance(label, str) else labelled(0, 1)
    path = write(tmp_path, right, train=[*right, {"text": "the film", "label": label}])
    with pytest.raises(RunError) as refused:
        module(LabelledTexts(path, LABELS, streaming=streaming), tmp_path, window=3 if streaming else None)
    said = f"label is {label!r} at 'the film', and the classes are 0 to 2, or bad, good, so so; name all with --data"
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("labels", [["one"], ["one", "one"]])
def test_classes_that_cannot_be_told_apart_are_refused(labels: list[str]) -> None:
    with pytest.raises(ValueError, match=r"labels is \['one'.*name at least two classes, each once"):
        LabelledTexts("nowhere", labels)


USABLE: dict[type[Any], tuple[Row, list[Row], str]] = {
    Questions: (
        {"question": "which?", "context": "this one", "answers": ["one"], "starts": [5]},
        [
            {"question": "which?", "context": "this one", "answers": ["two"], "starts": [5]},
            {"question": "which?", "context": "this one", "answers": ["one"], "starts": [4]},
            {"question": "which?", "context": "this one", "answers": [], "starts": []},
        ],
        "without an answer, or with one that is not in the context",
    ),
    TextPairs: (
        {"source": "one", "target": "two"},
        [{"source": "one", "target": " "}, {"source": "one", "target": None}, {"source": "", "target": "two"}],
        "empty on one side",
    ),
    Dialogues: (
        {"turns": ["one", "two"]},
        [{"turns": ["one", ""]}, {"turns": ["one"]}, {"turns": ["one " * 20, "two"]}],
        "without a reply in what fits",
    ),
}


@pytest.mark.parametrize("corpus", USABLE)
def test_rows_without_what_is_to_be_learnt_are_counted(corpus: type[Any], tmp_path: Path) -> None:
    usable, unusable, words = USABLE[corpus]
    made = module(corpus(write(tmp_path, [usable, *unusable])), tmp_path)
    assert made.facts()["texts"].endswith(f", 3 left out: {words}")
    assert [len(samples) for samples in made.samples.values()] == [1, 1, 1]
    assert made.row("train", 0) == usable


@pytest.mark.parametrize("corpus", USABLE)
def test_a_split_of_nothing_else_is_refused(corpus: type[Any], tmp_path: Path) -> None:
    usable, unusable, words = USABLE[corpus]
    path = write(tmp_path, [usable], test=unusable)
    with pytest.raises(RunError, match=f"the test split of the corpus has no text .*: 3 rows, each {words}; give more"):
        module(corpus(path), tmp_path)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("corpus", "row", "words"),
    [
        (Texts, {"text": ["one"]}, "text is the column text, and in .* it holds lists of text, where text is needed"),
        (TextPairs, {"source": "one"}, "target is the column target, and .* has the columns source; choose the one"),
        (Dialogues, {"turns": "one"}, "turns is the column turns, and in .* it holds text, where lists of text is"),
        (Dialogues, {"turns": [1, 2]}, "it holds lists of numbers, where lists of text is needed"),
        (Questions, {"question": "a", "context": "b", "answers": "b", "starts": [0]}, "answers is .* it holds text"),
        (Questions, {"question": "a", "context": "b", "answers": ["b"], "starts": ["0"]}, "where lists of numbers is"),
        (Questions, {"text": "one", "label": 1}, "question is .* and .* has the columns text, label; choose the one"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    corpus: type[Any], row: Row, words: str, streaming: bool, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=words):
        corpus(write(tmp_path, [row] * 9), streaming=streaming).load(tmp_path / "cache")


def test_two_columns_of_ours_are_two_of_the_source(tmp_path: Path) -> None:
    pairs = TextPairs(write(tmp_path, [{"text": "one"}] * 9), source="text", target="text")
    with pytest.raises(RunError, match="source and target are both the column text; choose two of text"):
        pairs.load(tmp_path / "cache")
