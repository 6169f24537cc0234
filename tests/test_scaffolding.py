"""Every way of making a project gives the same one, without git, network or terminal."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import OTHER_NAMES, ROOT, TEMPLATE, Bake

ANSWERS = [f"{name}={value}" for name, value in OTHER_NAMES.items()]
NEXT = ["cd gated-prose", "pip install -e .", "python train.py fit"]


def cookiecutter(
    source: Path, folder: Path, *options: str, given: str = "", config: str = "", **environment: str
) -> str:
    """What it prints; nobody sits at a terminal."""
    whose = [f"--config-file={config}"] if config else ["--default-config"]
    command = [sys.executable, "-m", "cookiecutter", str(source), *whose, "-o", str(folder), *options]
    done = subprocess.run(
        command, input=given, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def zipped(tmp_path: Path) -> Path:
    """As a download has it: files alone, no history, no symbolic links."""
    folder = tmp_path / "download/cookiecutter-adaptive-moe-main"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return Path(shutil.make_archive(str(tmp_path / "main"), "zip", folder.parent, folder.name))


def test_from_a_zip(project: Path, tmp_path: Path) -> None:
    cookiecutter(zipped(tmp_path), tmp_path, "--no-input", *ANSWERS)
    assert contents(tmp_path / "gated-prose") == contents(project)


def test_from_the_answers_that_a_project_keeps(project: Path, tmp_path: Path) -> None:
    kept = json.loads((project / ".cookiecutter.json").read_text("utf-8"))["default_context"]
    asked = [name for name in json.loads((ROOT / "cookiecutter.json").read_text("utf-8")) if not name.startswith("_")]
    assert list(kept) == asked
    assert len(asked) == 6
    cookiecutter(ROOT, tmp_path, "--no-input", config=str(project / ".cookiecutter.json"))
    assert contents(tmp_path / "gated-prose") == contents(project)


def test_from_the_answers_that_cookiecutter_keeps(project: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")}
    cookiecutter(ROOT, tmp_path / "first", "--no-input", *ANSWERS, **home)
    cookiecutter(ROOT, tmp_path / "again", "--replay", **home)
    assert contents(tmp_path / "again/gated-prose") == contents(project)


def test_enter_accepts_every_default(tmp_path: Path, bake: Bake) -> None:
    said = cookiecutter(ROOT, tmp_path / "asked", given="\n" * 6)
    assert "[6/6]" in said
    assert "[7/" not in said
    assert contents(tmp_path / "asked/my-adaptive-moe") == contents(bake())


def test_hooks_need_no_git_and_end_with_three_commands(project: Path, tmp_path: Path) -> None:
    said = cookiecutter(ROOT, tmp_path, "--no-input", *ANSWERS, PATH=str(tmp_path / "empty"))
    assert [line.strip() for line in said.splitlines() if line.startswith("  ")] == NEXT
    assert contents(tmp_path / "gated-prose") == contents(project)
    assert not (tmp_path / "gated-prose/.git").exists()


@pytest.mark.parametrize("hook", sorted((ROOT / "hooks").glob("*.py")), ids=lambda path: path.stem)
def test_hooks_import_nothing_that_could_ask_start_or_fetch(hook: Path) -> None:
    tree = ast.parse(hook.read_text("utf-8").replace("{{ cookiecutter | tojson }}", "{}"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"json", "keyword", "pathlib", "re", "shutil", "sys", "unicodedata"}
    assert "input" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def test_names_are_legal_on_windows() -> None:
    names = [path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*")]
    for path in names:
        for part in path.parts:
            assert not set(part) & set('<>:"\\|?*')
            assert part.split(".")[0].lower() not in RESERVED
            assert not part.endswith((".", " "))
    assert len({str(path).lower() for path in names}) == len(names)
