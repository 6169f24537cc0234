"""What every test can use; shapes in signatures are enforced while tests run."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from jaxtyping import install_import_hook

with install_import_hook("adaptive_moe", "beartype.beartype"):
    import train

    from adaptive_moe import cli, data

hypothesis.settings.register_profile("unhurried", deadline=None)  # a machine may be busy
hypothesis.settings.load_profile("unhurried")

TINY = [
    "--model.dim=24",
    "--model.num_heads=2",
    "--model.num_layers=2",
    "--model.moe.num_experts=4",
    "--model.moe.expert_dim=16",
    "--data.vocab_size=300",
    "--data.context_length=32",
    "--data.batch_size=4",
    "--trainer.accelerator=cpu",
    "--trainer.log_every_n_steps=2",
    "--trainer.limit_val_batches=3",
    "--trainer.limit_test_batches=3",
]

ROOT = Path(__file__).parents[1]
TRAIN = str(ROOT / "train.py")
TEXT = "the model reads one line of text and gives a token to an expert or to two of them"
Run = Callable[..., cli.CLI]


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, which finds the project."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def called(made: cli.CLI, name: str) -> list[Any]:
    """The callbacks of a class."""
    callbacks: list[Any] = vars(made.trainer)["callbacks"]
    return [each for each in callbacks if type(each).__name__ == name]


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What has been read, once for all tests, in whichever process they run."""
    folder = tmp_path_factory.getbasetemp()
    path = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"
    path.mkdir(exist_ok=True)
    data.PythonDocs().load(path)
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About a hundred short texts, a few of them equal."""
    path = tmp_path_factory.mktemp("corpus") / "texts.jsonl"
    chance = random.Random(0)
    words = TEXT.split()
    texts = [" ".join(chance.choices(words, k=chance.randint(2, 14))) for _ in range(110)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.fixture
def tiny(cache_dir: Path) -> list[str]:
    """Options of a model and a batch that take no time, on the real corpus."""
    return [*TINY, f"--data.cache_dir={cache_dir}"]


@pytest.fixture
def run(tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command line in an empty folder: run("fit", "--trainer.max_steps=4")."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])

    def call(command: str, *options: Any) -> cli.CLI:
        return train.main([command, *tiny, *map(str, options)])

    return call
