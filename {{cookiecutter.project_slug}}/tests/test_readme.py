import re
import shlex
from pathlib import Path

import compare
import pytest
import train
import yaml

ROOT = Path(__file__).parents[1]
(PACKAGE,) = (path for path in (ROOT / "src").iterdir() if (path / "__init__.py").exists())
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMPARISONS = re.findall(r"^python compare\.py (.+)$", README, re.MULTILINE)
COMMANDS = re.findall(r"^python train\.py (.+)$", README, re.MULTILINE)
TREE = re.findall(r"## Where things are\n\n```\n(.*?)```", README, re.DOTALL)[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as end:
        train.main([*shlex.split(command, comments=True), "--print_config"])
    assert end.value.code == 0
    assert "trainer:" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMPARISONS)
def test_every_comparison_is_understood(command: str) -> None:
    wanted = compare.asked(shlex.split(command, comments=True))
    assert "top_2" in wanted.schemes
    assert len(list(wanted.runs())) == wanted.seeds * len(wanted.schemes)


def test_the_tree_names_what_there_is() -> None:
    for line in TREE.splitlines():
        folder = PACKAGE if line.startswith("  ") else ROOT
        assert (folder / line.split()[0]).exists(), line
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(re.findall(r"^  (\w+)/", TREE, re.MULTILINE))


def test_every_option_of_the_table_exists(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    with pytest.raises(SystemExit) as end:
        train.main(["fit", "--print_config"])
    assert end.value.code == 0
    config = yaml.safe_load(capsys.readouterr().out)
    names = re.findall(r"`--([a-z_.]+)`", README)
    assert len(names) > 20
    for name in names:
        place = config
        for part in name.split("."):
            place = place.get("init_args", place)
            assert part in place, name
            place = place[part]
