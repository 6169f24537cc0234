import sys
from pathlib import Path

import pytest

from adaptive_moe.data import PythonDocs
from adaptive_moe.data.corpora import python_docs
from adaptive_moe.data.corpora.corpus import split_of


def test_about_two_million_characters_of_three_kinds(cache_dir: Path) -> None:
    splits = PythonDocs().load(cache_dir)
    texts = [text for split in splits.values() for text in split["text"]]
    assert 1_700_000 < sum(map(len, texts)) < 2_600_000
    everything = "\n".join(texts)
    assert "compound statement" in everything  # a topic
    assert "Deserialize ``s``" in everything  # a docstring of json
    assert "Return the sine of x (measured in radians)." in everything  # C documentation of math


def test_reading_again_gives_the_same(cache_dir: Path, tmp_path: Path) -> None:
    first, second = PythonDocs().load(cache_dir), PythonDocs().load(tmp_path)
    assert all(first[name].to_dict() == second[name].to_dict() for name in ("train", "validation", "test"))


def test_no_source_and_no_paragraph_is_in_two_splits(cache_dir: Path) -> None:
    splits = PythonDocs().load(cache_dir)
    sources = [set(split["origin"]) for split in splits.values()]
    paragraphs = [{p.strip() for text in split["text"] for p in text.split("\n\n")} for split in splits.values()]
    for sets in (sources, paragraphs):
        assert sum(map(len, sets)) == len(set.union(*sets))
    assert all(len(split) > 100 for split in splits.values())


def test_python_sources_are_parsed_and_never_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('"""Documents mine."""\nraise SystemExit("imported")\n')
    (tmp_path / "broken.py").write_text('"""Broken."""\ndef (:\n')
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "skipped.py").write_text('"""A test."""')
    found = list(python_docs.read_docstrings(tmp_path))
    assert found == [("Documents mine.", "module mine")]


def test_reading_imports_no_module_written_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("this", "antigravity", "turtle"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    list(python_docs.read_documents())
    assert {"this", "antigravity", "turtle"}.isdisjoint(sys.modules)


@pytest.mark.parametrize(("name", "source"), [("_json", "json"), ("_pyio", "io"), ("json", "json"), ("_", "_")])
def test_a_module_and_its_accelerator_are_one_source(name: str, source: str) -> None:
    assert python_docs.module_source(name) == f"module {source}"


def test_splits_depend_on_the_source_alone() -> None:
    splits = [split_of(f"module {i}") for i in range(2000)]
    assert [split_of(f"module {name}") for name in ("abc", "array", "json")] == ["validation", "test", "train"]
    assert 0.03 < splits.count("validation") / 2000 < 0.07
    assert 0.03 < splits.count("test") / 2000 < 0.07
