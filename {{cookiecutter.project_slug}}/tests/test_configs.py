from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Run

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted(FOLDER.rglob("*.yaml"))
OVERLAYS = [path for path in CONFIGS if path.name != "default.yaml"]
REFUSED = {"sequence_budget": "whose choice for a token depends on later ones"}  # text completion is a decoder


def name(path: Path) -> str:
    return path.relative_to(FOLDER.parent).as_posix()


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_it_opens_with_the_command_that_runs_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith("# python train.py fit")
    assert path.name == "default.yaml" or first.split("--data")[0].strip().endswith(f"--config {name(path)}")


def contains(merged: Any, overlay: Any) -> bool:
    """Whether all that the overlay says is in the result, where classes are named in full."""
    if isinstance(overlay, dict):
        if "callbacks+" in overlay:
            return contains(merged["callbacks"][-1], overlay["callbacks+"][0])
        return all(contains(merged[key], value) for key, value in overlay.items())
    if isinstance(overlay, list) and isinstance(merged, list) and len(overlay) == len(merged):
        return all(contains(one, other) for one, other in zip(merged, overlay, strict=True))
    return bool(merged == overlay) or str(merged).endswith(f".{overlay}")


@pytest.mark.parametrize("path", OVERLAYS, ids=name)
def test_an_overlay_is_short_and_changes_what_it_says(path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(path.read_text().splitlines()) <= 25
    with pytest.raises(SystemExit) as end:
        run("fit", f"--config={path}", "--print_config")
    assert end.value.code == 0
    printed = capsys.readouterr()
    assert not printed.err
    overlay, merged = yaml.safe_load(path.read_text()), yaml.safe_load(printed.out)
    assert contains(merged, overlay)


LARGE = (
    "ddp",
    "expert_parallel",
    "fully_sharded",
    "expert_fully_sharded",
    "bert_base",
    "bart_large",
    "gpt2_medium",
)  # the paper's sizes are built in tests/model, tasks trained in tests/tasks


@pytest.mark.parametrize(
    "path", [path for path in OVERLAYS if path.stem not in LARGE and path.parent.name != "tasks"], ids=name
)
def test_an_overlay_trains(path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["max_steps=2", "limit_val_batches=1", "accelerator=cpu"]
    options = [f"--config={path}", *(f"--trainer.{option}" for option in small)]
    if path.stem in REFUSED:
        with pytest.raises(SystemExit):
            run("fit", *options)
        assert REFUSED[path.stem] in capsys.readouterr().err
    else:
        assert run("fit", *options).trainer.global_step == (1 if path.stem == "fast" else 2)
