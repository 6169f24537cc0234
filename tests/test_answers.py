import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from .conftest import ROOT, Bake

REFUSED = {
    "project_name=": "project_slug is",
    "project_name=   ": "project_slug is",
    "project_name=two\nlines": "project_name is",
    "project_slug=": "project_slug is",
    "project_slug=..": "project_slug is",
    "project_slug=a/b": "project_slug is",
    "project_slug=a\\b": "project_slug is",
    "project_name=" + "x" * 300: "project_slug is",
    "project_slug=-x": "project_slug is '-x', which is no name for a folder",
    "project_slug=torch": "project_slug is 'torch', which is a library that the project uses",
    "project_slug=con": "which is a name that Windows keeps for itself",
    "package_name=": "package_name is ''",
    "package_name=2fast": "package_name is '2fast', which is no name for a package",
    "package_name=with-dash": "which is no name for a package",
    "package_name=Größe": "which is no name for a package",
    "package_name=class": "package_name is 'class', which is a word of Python's grammar; choose another",
    "package_name=match": "which is a word of Python's grammar",
    "package_name=json": "which is a module of Python's standard library",
    "package_name=lightning": "which is a library that the project uses",
    "package_name=train": "which is a part of the project itself",
    "package_name=" + "x" * 41: "which is no name for a package; use up to 40",
    "author=": "author is '', which is empty",
    "author=a\x07b": "author is 'a\\x07b', which holds a line break or another control character",
    "description=two\nlines": "description is 'two\\nlines', which holds a line break",
}


def cookiecutter(folder: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "--default-config", "-o", str(folder)]
    return subprocess.run([*command, *answers], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("answer", REFUSED)
def test_an_answer_that_cannot_work_is_refused_and_leaves_nothing(answer: str, tmp_path: Path) -> None:
    done = cookiecutter(tmp_path, answer)
    assert done.returncode != 0
    assert REFUSED[answer] in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "my-adaptive-moe").mkdir()
    (tmp_path / "my-adaptive-moe" / "mine.txt").write_text("mine")
    done = cookiecutter(tmp_path)
    assert done.returncode != 0
    assert "already exists" in done.stdout + done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["my-adaptive-moe", "mine.txt"]


def test_the_closing_words_name_the_folder(tmp_path: Path) -> None:
    assert "cd gated-prose\n" in cookiecutter(tmp_path, "project_name=Gated Prose").stdout


def test_no_name_of_an_installed_library_is_free() -> None:
    hook = (ROOT / "hooks/pre_gen_project.py").read_text("utf-8")
    refused = set(re.findall(r'LIBRARIES = """(.*?)"""', hook, re.DOTALL)[0].split()) | set(sys.stdlib_module_names)
    names = {name for name in packages_distributions() if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    assert not names - refused


WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60).filter(str.strip)
NAMES = st.one_of(
    WORDS,
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,50}", fullmatch=True),
    st.sampled_from(["Ünïcödé Größe", "O'Brien's \"MoE\"", "c:\\moe", "🚀", "עברית", "x" * 90, "v2.0-Beta_1", "MIT"]),
)
PACKAGES = st.one_of(st.none(), st.from_regex(r"[a-z_][a-zA-Z0-9_.-]{0,45}", fullmatch=True))


@given(name=NAMES, package=PACKAGES, author=WORDS, description=WORDS)
def test_any_answers_are_refused_in_a_sentence_or_make_a_project(
    name: str, package: str | None, author: str, description: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    answers = {"project_name": name, "author": author, "description": description}
    answers |= {"package_name": package} if package else {}
    done = cookiecutter(folder, *(f"{key}={value}" for key, value in answers.items()))
    if done.returncode:
        assert re.search(r"(project_name|project_slug|package_name) is .*[;,] .*\.?", done.stderr), done.stderr
        assert not list(folder.iterdir())
        return
    (project,) = folder.iterdir()
    metadata = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["authors"] == [{"name": author}]
    assert metadata["description"] == description
    kept = json.loads((project / ".cookiecutter.json").read_text("utf-8"))["default_context"]
    assert {key: kept[key] for key in answers} == answers
    assert yaml.safe_load((project / "CITATION.cff").read_text("utf-8"))["title"] == name
    assert (project / "README.md").read_text("utf-8").startswith(f"# {name}\n\n{description}\n")
    for path in (project / "src" / kept["package_name"]).glob("*/*.py"):
        compile(path.read_text("utf-8"), path, "exec")


@pytest.mark.parametrize(
    "words", ['say "so"', "O'Brien", "back\\slash", "end\\", '"""', "'''", "日本語", "🚀", "עברית"]
)
def test_quotes_backslashes_and_other_scripts_survive(words: str, bake: Bake) -> None:
    folder = bake(author=words, description=words)
    metadata = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["authors"] == [{"name": words}]
    assert metadata["description"] == words
    assert words in (folder / "README.md").read_text("utf-8")
    assert words in (folder / "LICENSE").read_text("utf-8")
