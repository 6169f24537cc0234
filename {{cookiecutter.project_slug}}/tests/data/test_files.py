import gc
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from datasets import Dataset, IterableDataset

from adaptive_moe.data import Texts
from adaptive_moe.errors import RunError

BODIES = [f"text {i}" for i in range(200)]
ROWS = [{"id": i, "body": body} for i, body in enumerate(BODIES)]


def write(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    if path.suffix == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        path.write_text("id,body\n" + "".join(f"{row['id']},{row['body']}\n" for row in rows))
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text("\n\n".join(row["body"] for row in rows))
    return path


def corpus(path: Path | str, **options: Any) -> Texts:
    column = "text" if str(path).endswith((".txt", ".md")) else "body"
    return Texts(str(path), **{"text": column, **options})


def texts(split: Dataset | IterableDataset) -> list[str]:
    return [str(row["text"]) for row in split]


# datasets leaves a csv open that it was asked for the first row of
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".parquet", ".txt", ".md"])
def test_any_file_by_the_same_key(suffix: str, streaming: bool, tmp_path: Path) -> None:
    path = write(tmp_path / f"file{suffix}")
    splits = corpus(path, streaming=streaming).load(tmp_path)
    found = {name: texts(split) for name, split in splits.items()}
    assert list(found) == ["train", "validation", "test"]
    assert sorted(text for split in found.values() for text in split) == sorted(BODIES)
    assert all(len(split) > 3 for split in found.values())
    assert isinstance(splits["train"], IterableDataset) == streaming
    again = corpus(path, streaming=streaming).load(tmp_path)
    assert {name: texts(split) for name, split in again.items()} == found
    if not streaming:
        fingerprints = [splits["train"]._fingerprint, again["train"]._fingerprint]
        assert fingerprints[0] == fingerprints[1]  # or nothing would be found in the cache
    gc.collect()  # what is left open is told here


@pytest.mark.parametrize("streaming", [False, True])
def test_a_folder_has_its_own_splits_and_what_it_lacks_is_taken_out_of_train(streaming: bool, tmp_path: Path) -> None:
    for name, rows in {"train-0": ROWS[:60], "train-1": ROWS[60:150], "valid": ROWS[150:]}.items():
        write(tmp_path / f"{name}.jsonl", rows)
    splits = corpus(tmp_path, streaming=streaming).load(tmp_path / "cache")
    assert texts(splits["validation"]) == BODIES[150:]
    assert sorted(texts(splits["train"]) + texts(splits["test"])) == sorted(BODIES[:150])
    assert 0 < len(texts(splits["test"])) < 20


def test_wildcards_name_files(tmp_path: Path) -> None:
    write(tmp_path / "a-1.jsonl", ROWS[:100])
    write(tmp_path / "a-2.jsonl", ROWS[100:])
    write(tmp_path / "b.jsonl", ROWS)
    splits = corpus(tmp_path / "a-*.jsonl").load(tmp_path)
    assert sum(len(split) for split in splits.values()) == 200


def test_a_file_that_two_names_find_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "texts/more").mkdir(parents=True)
    write(tmp_path / "texts/more/a.jsonl")
    splits = corpus(tmp_path / "texts/**").load(tmp_path)
    assert sum(len(split) for split in splits.values()) == 200


def test_a_split_may_begin_with_a_capital(tmp_path: Path) -> None:
    for number, name in enumerate(("Train", "Valid", "TEST")):
        write(tmp_path / f"{name}.csv", ROWS[10 * number : 10 * number + 10])
    splits = corpus(tmp_path).load(tmp_path / "cache")
    assert [texts(splits[name])[0] for name in ("train", "validation", "test")] == ["text 0", "text 10", "text 20"]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("text", "text is the column text, and .* has the columns id, body; choose the one that holds text"),
        ("id", "text is the column id, and in .* it holds numbers, where text is needed"),
    ],
)
def test_a_column_that_is_not_there_or_holds_no_text(column: str, words: str, streaming: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "file.parquet")
    with pytest.raises(RunError, match=words):
        Texts(str(path), text=column, streaming=streaming).load(tmp_path)


def test_without_a_network_an_id_is_refused_with_the_corpus_that_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(RunError, match=r"path is nobody/nothing; no file here .*--data.corpus PythonDocs"):
        Texts("nobody/nothing").load(tmp_path)


def damaged(path: Path) -> None:
    lines = path.read_bytes()
    if path.suffix == ".parquet":
        path.write_bytes(lines[: len(lines) // 2])
    elif path.suffix == ".jsonl":
        path.write_bytes(lines.replace(b'"text 7"', b'"text 7'))
    else:
        path.write_bytes(lines.replace(b"text 7", b"\xff\xfe"))


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        (".parquet", "file.parquet: .*mend that file or leave it out"),
        (".jsonl", "file.jsonl, line 8: .*; mend that file"),
        (".csv", "file.csv, line 9: 'utf-8' codec can't decode byte 0xff.*; mend that file"),
        (".txt", "file.txt, line 15: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_damaged_file_is_named_with_its_line_and_nothing_of_it_is_kept(
    suffix: str, words: str, tmp_path: Path
) -> None:
    path = write(tmp_path / f"file{suffix}")
    damaged(path)
    for _ in range(2):
        with pytest.raises(RunError, match=words):
            corpus(path).load(tmp_path / "cache")
    write(path)
    assert len(corpus(path).load(tmp_path / "cache")["train"]) > 150


def test_a_shard_whose_inside_is_damaged_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.parquet")
    inside = bytearray((tmp_path / "b.parquet").read_bytes())
    for place in range(100, 400, 7):
        inside[place] ^= 0xFF
    (tmp_path / "b.parquet").write_bytes(inside)
    with pytest.raises(RunError, match=r"b.parquet: .*; mend that file or leave it out"):
        corpus(tmp_path).load(tmp_path / "cache")


def test_files_of_two_kinds_and_a_folder_without_train_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl")
    with pytest.raises(RunError, match="has the splits test, and none is train"):
        corpus(tmp_path).load(tmp_path / "cache")
    write(tmp_path / "train.csv")
    with pytest.raises(RunError, match="its files are of 2 kinds"):
        corpus(tmp_path).load(tmp_path / "cache")


def test_texts_may_lie_where_the_cache_lies_and_under_any_name(tmp_path: Path) -> None:
    write(tmp_path / "my [1].jsonl")
    corpus(tmp_path / "my [1].jsonl").load(tmp_path)
    (tmp_path / "tokenizer-1-2.json").write_text("{}")
    for _ in range(2):
        splits = corpus(tmp_path).load(tmp_path)
        assert sum(len(texts(split)) for split in splits.values()) == 200


@pytest.mark.parametrize("streaming", [False, True])
def test_nulls_are_no_text_and_a_split_of_its_own_is_read_whole(streaming: bool, tmp_path: Path) -> None:
    rows = [{"body": None if i % 7 == 0 else f"text {i}"} for i in range(1500)]
    write(tmp_path / "train.jsonl", rows)
    write(tmp_path / "validation.jsonl", rows)
    splits = corpus(tmp_path, streaming=streaming).load(tmp_path / "cache")
    assert len(texts(splits["validation"])) == 1500
    assert sum(len(texts(splits[name])) for name in ("train", "test")) == 1500


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("empty.jsonl", "path is .*empty.jsonl, and that file is empty; fill it"),
        ("texts.jsonl.gz", "its name must end in .json, .jsonl, .csv, .parquet, .txt, .md"),
        ("folder", "no file in it ends in .json, .jsonl"),
        ("nothing.jsonl", "there is no such file; mind the spelling"),
    ],
)
def test_what_is_no_file_of_texts_is_refused(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "texts.jsonl.gz").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match=words):
        corpus(tmp_path / name).load(tmp_path)
