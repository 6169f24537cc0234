"""Projects baked for the tests of the template."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from cookiecutter.main import cookiecutter
from hypothesis import HealthCheck

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
OTHER_NAMES = {"project_name": "Gated Prose", "package_name": "gated_prose"}

ASKED = {name for name in json.loads((ROOT / "cookiecutter.json").read_text("utf-8")) if not name.startswith("_")}
Bake = Callable[..., Path]

hypothesis.settings.register_profile("quick", max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
hypothesis.settings.register_profile("soak", max_examples=500, parent=hypothesis.settings.get_profile("quick"))
hypothesis.settings.load_profile("quick")


@pytest.fixture
def bake(tmp_path: Path) -> Bake:
    """Bake with some answers; the rest are the defaults."""

    def call(**answers: str) -> Path:
        assert answers.keys() <= ASKED  # any other would be dropped silently
        return Path(
            cookiecutter(str(ROOT), no_input=True, default_config=True, extra_context=answers, output_dir=str(tmp_path))
        )

    return call


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project under other names, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("projects")
    return Path(
        cookiecutter(str(ROOT), no_input=True, default_config=True, extra_context=OTHER_NAMES, output_dir=str(folder))
    )


def run(folder: Path, *command: str) -> str:
    """What a Python module prints, run in a folder; it must succeed."""
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout + done.stderr
