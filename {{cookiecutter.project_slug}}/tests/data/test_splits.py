"""How many rows of a source are taken, and which split is which."""

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

from adaptive_moe.data import TextPairs, Texts
from adaptive_moe.errors import RunError

SIZES = {"train": 100, "validation": 30, "test": 20}


def write(folder: Path, **files: int) -> Path:
    for name, size in files.items():
        rows = [json.dumps({"text": f"{name} {i}"}) + "\n" for i in range(size)]
        (folder / f"{name}.jsonl").write_text("".join(rows))
    return folder


def texts(folder: Path, **options: Any) -> dict[str, list[str]]:
    splits = Texts(str(folder), **options).load(folder / "cache")
    return {name: [row["text"] for row in split] for name, split in splits.items()}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("most", [1, 25, 1000])
def test_max_samples_are_the_first_rows_of_each_split(most: int, streaming: bool, tmp_path: Path) -> None:
    write(tmp_path, **SIZES)
    splits = texts(tmp_path, max_samples=most, streaming=streaming)
    assert splits == {name: [f"{name} {i}" for i in range(min(size, most))] for name, size in SIZES.items()}


@pytest.mark.parametrize("streaming", [False, True])
def test_max_samples_count_before_missing_splits_are_taken_out_of_train(streaming: bool, tmp_path: Path) -> None:
    splits = texts(write(tmp_path, train=200), max_samples=80, streaming=streaming)
    assert sorted(text for split in splits.values() for text in split) == sorted(f"train {i}" for i in range(80))
    assert all(splits.values())


def test_splits_say_which_is_which_and_the_others_are_taken_out_of_train(tmp_path: Path) -> None:
    write(tmp_path, **SIZES)
    swapped = texts(tmp_path, splits={"train": "validation", "validation": "test", "test": "train"})
    assert {name: len(split) for name, split in swapped.items()} == {"train": 30, "validation": 20, "test": 100}
    assert swapped["train"][0] == "validation 0"
    alone = texts(tmp_path, splits={"train": "train"})
    assert sorted(text for split in alone.values() for text in split) == sorted(f"train {i}" for i in range(100))
    assert all(alone.values())


@pytest.mark.parametrize("theirs", ["dev", "validation"])
def test_a_file_is_known_by_its_own_name_and_by_ours(theirs: str, tmp_path: Path) -> None:
    write(tmp_path, train=9, dev=3, test=2)
    splits = texts(tmp_path, splits={"train": "train", "validation": theirs, "test": "test"})
    assert splits["validation"] == ["dev 0", "dev 1", "dev 2"]


def test_the_splits_of_the_hub_have_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def hub(*names: Any, **options: Any) -> DatasetDict:
        asked.append((names, options["streaming"]))
        return DatasetDict({name: Dataset.from_dict({"text": [name] * 40}) for name in ("teach", "dev", "exam")})

    monkeypatch.setattr("adaptive_moe.data.corpora.files.load_dataset", hub)
    found = Texts("some/body", name="some", splits={"train": "teach", "test": "exam"}, max_samples=9).load(tmp_path)
    assert asked == [(("some/body", "some"), False)]
    assert set(found["test"]["text"]) == {"exam"}
    assert len(found["test"]) == len(found["train"]) + len(found["validation"]) == 9
    with pytest.raises(RunError, match="some/body has the splits teach, validation, exam, and none is train"):
        Texts("some/body").load(tmp_path)


def test_a_split_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, **SIZES)
    with pytest.raises(RunError, match=r"splits names exam, and .* has (train|validation|test), .*; choose of those"):
        texts(tmp_path, splits={"train": "train", "test": "exam"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_samples": 0}, "max_samples is 0; choose 1 or more, or null for all"),
        ({"splits": {"validation": "dev"}}, "splits names validation; it needs train, and may have validation and"),
        ({"splits": {"train": "train", "dev": "dev"}}, "splits names train, dev; it needs train, and may have"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TextPairs("nowhere", **options)
