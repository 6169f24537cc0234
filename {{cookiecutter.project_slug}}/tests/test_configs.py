from pathlib import Path

import pytest
import yaml

from .conftest import Run

CONFIGS = sorted((Path(__file__).parents[1] / "configs").rglob("*.yaml"))
OVERLAYS = [path for path in CONFIGS if path.name != "default.yaml"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_opens_with_the_command_that_runs_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# python train.py fit")
    assert path.name == "default.yaml" or first.endswith(f"--config configs/{path.name}")


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_is_short_and_parses_over_the_default(
    path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(path.read_text().splitlines()) <= 25
    with pytest.raises(SystemExit) as end:
        run("fit", f"--config={path}", "--print_config")
    assert end.value.code == 0
    overlay, merged = yaml.safe_load(path.read_text()), yaml.safe_load(capsys.readouterr().out)
    assert overlay["trainer"].items() <= merged["trainer"].items()
