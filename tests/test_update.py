"""A project that was edited, renamed and committed takes what changes in the template: with cruft, for real."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import OTHER_NAMES, ROOT, run

IDENTITY = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template as it is here, in a repository of its own."""
    folder = tmp_path / "template-repository"
    folder.mkdir()
    for name in git(ROOT, "ls-files", "-z").split("\0"):
        source, target = ROOT / name, folder / name
        if name and source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_update_brings_the_change_and_keeps_the_edit(template: Path, tmp_path: Path) -> None:
    answers = json.dumps(OTHER_NAMES)
    create = ["create", str(template), "--no-input", "--default-config", "--extra-context", answers]
    run(tmp_path, "-m", "cruft", *create, "--output-dir", str(tmp_path))
    project = tmp_path / "gated-prose"
    git(project, "init", "-q", "-b", "main")
    replace(project / "README.md", "## Start", "## Start here")
    replace(project / "configs/default.yaml", "max_steps: 1000", "max_steps: 1234")
    replace(project / "src/gated_prose/errors.py", "What a person can mend.", "What people can mend.")
    commit(project, "ours")

    source = template / "{{cookiecutter.project_slug}}"
    replace(
        source / "train.py",
        "Train, validate, test, predict and export.",
        "Train, validate, test, predict and export, updated.",
    )
    replace(source / "configs/default.yaml", "log_every_n_steps: 10", "log_every_n_steps: 20")
    (source / "src/adaptive_moe/news.py").write_text('"""News."""\n\nfrom adaptive_moe import errors as errors\n')
    commit(template, "second")

    run(project, "-m", "cruft", "update", "--skip-apply-ask")
    assert "updated" in (project / "train.py").read_text("utf-8")
    config = (project / "configs/default.yaml").read_text("utf-8")
    assert "max_steps: 1234" in config
    assert "log_every_n_steps: 20" in config
    assert "gated_prose" in (project / "src/gated_prose/news.py").read_text("utf-8")
    assert not (project / "src/adaptive_moe").exists()
    assert "What people can mend." in (project / "src/gated_prose/errors.py").read_text("utf-8")
    assert "## Start here" in (project / "README.md").read_text("utf-8")
    assert not list(project.rglob("*.rej"))
    assert json.loads((project / ".cruft.json").read_text())["commit"] == git(template, "rev-parse", "HEAD").strip()
    quick = [
        "-p",
        "no:cacheprovider",
        "tests/test_habits.py",
        "tests/test_readme.py",
        "-k",
        "not parses and not option",
    ]
    run(project, "-m", "pytest", *quick)
    assert "up to date" in run(project, "-m", "cruft", "check")
