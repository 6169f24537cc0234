"""Two real processes on one machine."""

import re
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from .conftest import TRAIN, start

TWO = ["--trainer.devices=2", "--trainer.strategy=ddp"]


def command(folder: Path, *arguments: str) -> str:
    done = start(folder, TRAIN, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def perplexity(output: str) -> float:
    match = re.search(r"val/perplexity\D+([\d.]+)", output)
    assert match, output[-2000:]
    return float(match[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_processes_train_and_measure_what_one_measures(tiny: list[str], tmp_path: Path) -> None:
    tiny = [option for option in tiny if "limit_val" not in option]
    output = command(tmp_path, "fit", *tiny, *TWO, "--trainer.max_steps=4", "--trainer.num_sanity_val_steps=0")
    assert "Warning" not in output
    assert [path.name for path in (tmp_path / "runs/text_completion").iterdir()] == ["version_0"]
    events = EventAccumulator(str(tmp_path / "runs/text_completion/version_0")).Reload()
    load = events.Scalars("routing/layer_0/tokens_per_expert_mean")[0].value
    mean = events.Scalars("routing/layer_0/experts_per_token")[0].value
    assert 4 * load == pytest.approx(mean * 2 * 4 * 32)  # the rows of both processes
    one = command(tmp_path, "validate", *tiny, "--ckpt_path=last")
    two = command(tmp_path, "validate", *tiny, *TWO, "--ckpt_path=last")
    assert perplexity(two) == pytest.approx(perplexity(one), rel=1e-5)
