"""The offline corpora, read whole."""

import gc
import pickle
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from adaptive_moe.data.corpora.dialogue import Doctests
from adaptive_moe.data.corpora.offline import Offline
from adaptive_moe.data.corpora.question_answering import Defaults
from adaptive_moe.data.corpora.sentiment import PackageDocs
from adaptive_moe.data.corpora.summarisation import FirstLines
from adaptive_moe.data.corpora.translation import Bytecode, listing

pytestmark = pytest.mark.slow
Loaded = tuple[Offline, dict[str, Dataset]]
COLUMNS: dict[type[Offline], tuple[dict[str, type], range]] = {
    PackageDocs: ({"text": str, "label": int}, range(2_500, 4_500)),
    Bytecode: ({"source": str, "target": str}, range(50_000, 100_000)),
    Defaults: ({"question": str, "context": str, "answers": list, "starts": list}, range(3_500, 6_500)),
    FirstLines: ({"source": str, "target": str}, range(3_500, 7_000)),
    Doctests: ({"turns": list}, range(4_500, 8_000)),
}


@pytest.fixture(scope="module", params=COLUMNS, ids=lambda corpus: corpus.__name__)
def loaded(request: pytest.FixtureRequest, cache_dir: Path) -> Loaded:
    corpus = request.param()
    gc.disable()  # half of the time goes to it, and syntax trees have no cycles
    try:
        splits = corpus.load(cache_dir)
    finally:
        gc.enable()
    return corpus, {name: split for name, split in splits.items() if isinstance(split, Dataset)}


def everything(splits: dict[str, Dataset]) -> Iterator[dict[str, Any]]:
    for split in splits.values():
        yield from split.to_list()


def normal(text: str | list[str]) -> str:
    return " ".join((text if isinstance(text, str) else "\n".join(text)).split())


def test_no_origin_and_no_text_is_in_two_splits(loaded: Loaded) -> None:
    corpus, splits = loaded
    text = corpus.tokenising.inputs[-1]
    texts = [list(map(normal, split[text])) for split in splits.values()]
    for columns in (texts, [list(split["origin"]) for split in splits.values()]):
        sets = list(map(set, columns))
        assert sum(map(len, sets)) == len(set.union(*sets))
    train, *held_out = map(len, texts)
    assert list(splits) == ["train", "validation", "test"]
    assert all(0.05 * train < size < 0.15 * train for size in held_out)
    assert text == "context" or all(len(each) == len(set(each)) for each in texts)


def test_columns_and_sizes_are_as_said(loaded: Loaded) -> None:
    corpus, splits = loaded
    columns, sizes = COLUMNS[type(corpus)]
    assert columns.keys() == corpus.tokenising.columns.keys()
    assert sum(map(len, splits.values())) in sizes
    for row in everything(splits):
        assert {name: type(value) for name, value in row.items()} == {**columns, "origin": str}
        assert all(value or isinstance(value, int) for value in row.values())


def test_reading_again_gives_the_same_and_reads_no_more_than_asked(loaded: Loaded) -> None:
    corpus = pickle.loads(pickle.dumps(loaded[0]))
    first, second = (list(islice(corpus.rows(), 100)) for _ in range(2))
    assert first == second
    stored = [row for row in everything(loaded[1]) if row["origin"] == first[0]["origin"]]
    assert all(row in stored for row in first if row["origin"] == first[0]["origin"])


def test_each_kind_of_row_is_what_its_task_needs(loaded: Loaded) -> None:
    corpus, splits = loaded
    rows = list(everything(splits))
    for row in rows[:: 1 + len(rows) // 10_000]:
        match corpus:
            case PackageDocs():
                assert corpus.labels[row["label"]] not in row["text"].lower()
            case Bytecode():
                assert "; ".join(listing(row["source"])) == row["target"]
                assert "<code object" not in row["target"]
            case Defaults():
                (answer,), (start,) = row["answers"], row["starts"]
                assert row["context"][start : start + len(answer)] == answer
                parameter = re.match(r"What is the default of (\w+) ", row["question"])
                written = rf"[( ]{parameter[1]}(: .*)?( = |=)$" if parameter else r"[Rr]aises?\b.*$"
                assert re.search(written, row["context"][:start])
            case FirstLines():
                assert row["target"] not in row["source"]
            case Doctests():
                assert len(row["turns"]) % 2 == 0
                assert "Go on." in row["turns"] or not any("0x" in turn for turn in row["turns"][1::2] if ">" in turn)


def test_every_split_holds_every_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = PackageDocs()
    first = corpus.load(tmp_path)
    for split in first.values():
        assert {row["label"] for row in split} == set(range(len(corpus.labels)))
    monkeypatch.setattr(PackageDocs, "rows", lambda _: pytest.fail("read again"))
    second = PackageDocs().load(tmp_path)
    assert all([*first[name]] == [*second[name]] for name in first)


def test_another_python_and_another_corpus_have_another_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {PackageDocs().version(), Bytecode().version(), PackageDocs().version()}
    assert len(versions) == 2
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    assert PackageDocs().version() not in versions
