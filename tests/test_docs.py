"""The pages of docs/ and the README: the site builds, and whatever they show can be run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import compare
import figures
import pytest
import sweep
import train

from .conftest import ROOT, TEMPLATE, run
from .test_bake import template_files

DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (ROOT / "README.md", *DOCS.rglob("*.md"))
}
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MADE = {title: text for page in PAGES.values() for _, title, text in BLOCK.findall(page) if title}
OF_TRAIN = r" *(?:python train\.py|docker run .* moe) (.+)$"
NOT_COPIED = {"Dockerfile", ".dockerignore"}


def commands(pattern: str, pages: dict[str, str]) -> list[str]:
    """What the pattern finds, without comments; a line may go on in the next."""
    lines = (line for page in pages.values() for line in page.replace("\\\n", "").splitlines())
    found = (shlex.split(match[1], comments=True) for line in lines if (match := re.match(pattern, line)))
    return sorted({shlex.join(command) for command in found})


WRITTEN = [name for text in MADE.values() for name in re.findall(r"^class (\w+)", text, re.MULTILINE)]
NEW = re.compile(
    "|".join([*(rf"\b{name}\b" for name in WRITTEN), *(name for name in MADE if name.startswith("configs"))])
)
TRAIN = [command for command in commands(OF_TRAIN, PAGES) if not NEW.search(command)]
OF_NEW = [command for command in commands(OF_TRAIN, PAGES) if NEW.search(command)]
COMPARE = commands(r" *(?:OMP_NUM_THREADS=1 )?python compare\.py (.+)$", PAGES)
SNIPPETS = [
    name
    for name, page in PAGES.items()
    if any(kind == "python" and not title for kind, title, _ in BLOCK.findall(page))
]


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^>]*", path.read_text("utf-8")
        )
        assert not loaded, path
    assert "adaptive_moe.moe.Threshold" in (tmp_path / "api/moe.html").read_text("utf-8")


@pytest.mark.parametrize("command", TRAIN)
def test_every_command_parses(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.chdir(TEMPLATE)
    with pytest.raises(SystemExit) as end:
        train.main([*shlex.split(command), "--print_config"])
    said = capsys.readouterr()
    assert end.value.code == 0, said.err
    assert re.search("trainer[:.]", said.out)


@pytest.mark.parametrize("command", COMPARE)
def test_every_comparison_is_understood(command: str) -> None:
    assert list(compare.asked(shlex.split(command)).runs())


def test_every_config_that_is_named_exists() -> None:
    for name, page in PAGES.items():
        for config in re.findall(r"configs/[\w/]+\.yaml", page):
            assert config in MADE or (TEMPLATE / config).exists(), (name, config)


@pytest.mark.parametrize("name", SNIPPETS)
def test_every_snippet_runs(name: str) -> None:
    """The blocks of a page one after the other."""
    names: dict[str, object] = {"__name__": "snippet"}
    for kind, title, text in BLOCK.findall(PAGES[name]):
        if kind == "python" and not title:
            exec(compile(text, name, "exec"), names)


def test_what_is_written_by_hand_is_part_of_a_project_that_trains(tmp_path: Path) -> None:
    for path in template_files():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TEMPLATE / path, tmp_path / path)
    for title, text in MADE.items():
        if title not in NOT_COPIED:
            with (tmp_path / title).open("a", encoding="utf-8") as file:
                file.write(text)
    corpus = tmp_path / "texts.jsonl"
    corpus.write_text("".join(f'{{"text": "so many words as in {number} of them"}}\n' for number in range(200)))
    texts = ["--data.corpus=Texts", f"--data.corpus.path={corpus}"]
    small = ["--config=configs/size/tiny.yaml", "--data.vocab_size=300"]
    small += ["--trainer.max_steps=2", "--trainer.log_every_n_steps=1"]
    asked = [[*shlex.split(each), *small, *([] if "--data.corpus" in each else texts)] for each in OF_NEW]
    assert {name for each in asked for name in each} >= {"Counting", "Near", "configs/tasks/filling_in.yaml"}
    exported = ["export", "--ckpt_path", "last", "--folder", "exported"]
    program = (
        "import json, sys, train\nfor each in json.loads(sys.argv.pop()):\n    train.main(each)\nimport use_exported"
    )
    said = run(tmp_path, "-c", program, json.dumps([*asked, exported]))
    assert len(re.findall(r"^run  ", said, re.MULTILINE)) == len(asked)


def test_the_sweep_goes_on_to_the_number_of_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train.py", "configs", "src"):
        if (TEMPLATE / name).is_dir():
            shutil.copytree(TEMPLATE / name, tmp_path / name)
        else:
            shutil.copy(TEMPLATE / name, tmp_path / name)
    (tmp_path / "texts.jsonl").write_text(
        "".join(f'{{"text": "so many words as {number}"}}\n' for number in range(200))
    )
    monkeypatch.chdir(tmp_path)
    options = ["--config", "configs/size/tiny.yaml", "--data.corpus=Texts", "--data.corpus.path=texts.jsonl"]
    options += [
        "--data.vocab_size=300",
        "--trainer.max_steps=2",
        "--trainer.log_every_n_steps=1",
        "--trainer.val_check_interval=2",
    ]
    for trials in ("1", "2"):
        monkeypatch.setattr("sys.argv", ["sweep.py", "--trials", trials, *options])
        sweep.main()
    assert {path.name for path in Path("runs/sweep").iterdir()} == {"study.db", "trial_0", "trial_1"}
    assert re.search(
        r"trial \d: loss \d\.\d+, 1\.\d\d experts per token, {'threshold': 0\.\d+, 'order': '\w+'}",
        capsys.readouterr().out,
    )


def test_the_drawings_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["figures.py", "--folder", str(tmp_path)])
    figures.main()
    assert {path.name for path in tmp_path.iterdir()} == {"gaps.png", "orders.png"}


def test_the_figures_against_it_are_those_of_the_results() -> None:
    named = re.findall(r"\d+\.\d+", PAGES["docs/why_not.md"])
    assert named
    for figure in named:
        assert figure in PAGES["docs/results.md"] + PAGES["docs/schemes.md"], figure
