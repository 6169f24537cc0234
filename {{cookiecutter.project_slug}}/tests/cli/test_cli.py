import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ..conftest import TRAIN, Run, called

RUN = Path("runs/text_completion/version_0")


def test_fit_leaves_curves_a_config_and_checkpoints(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=6", "--trainer.val_check_interval=3")
    events = EventAccumulator(str(RUN)).Reload()
    tags = set(events.Tags()["scalars"])
    assert tags >= {"train/loss", "train/aux_loss", "train/perplexity", "val/loss", "val/perplexity"}
    assert tags >= {"routing/experts_per_token", "routing/layer_1/experts_per_token"}
    assert [event.step for event in events.Scalars("val/perplexity")] == [0, 2, 5]
    tokens = 4 * 32  # a batch
    load = events.Scalars("routing/layer_0/tokens_per_expert_mean")[0].value
    mean = events.Scalars("routing/layer_0/experts_per_token")[0].value
    assert 4 * load == pytest.approx(mean * tokens)
    loss, perplexity = (events.Scalars(f"val/{name}")[-1].value for name in ("loss", "perplexity"))
    assert perplexity == pytest.approx(math.exp(loss), rel=1e-5)
    assert yaml.safe_load((RUN / "config.yaml").read_text())["model"]["init_args"]["dim"] == 24
    environment = json.loads((RUN / "environment.json").read_text())
    assert f"{torch.__version__}, " in environment["torch, Lightning, Python"]
    assert re.fullmatch("[0-9a-f]{40}(-dirty)?|none", environment["commit"])
    assert {path.name for path in (RUN / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt", "last-previous.ckpt"}
    said = capsys.readouterr().out
    for line in (
        "best val/perplexity",
        "unigram perplexity",
        "experts per token",
        "tokens per second",
        "tensorboard",
    ):
        assert line in said


def test_a_checkpoint_holds_plain_values_only(run: Run) -> None:
    run("fit", "--trainer.max_steps=2")
    checkpoint = torch.load(RUN / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--trainer.precision=bf16-mixed"],
        ["--trainer.accumulate_grad_batches=2"],
        ["--trainer.logger=CSVLogger", "--trainer.logger.save_dir=runs"],
        ["--trainer.logger=false"],
        ["--trainer.limit_val_batches=0"],
        ["--trainer.fast_dev_run=true"],
    ],
    ids=lambda options: options[0],
)
def test_the_trainer_s_usual_options_work(options: list[str], run: Run) -> None:
    assert run("fit", "--trainer.max_steps=2", *options).trainer.global_step > 0


def test_a_second_run_has_a_folder_of_its_own(run: Run) -> None:
    run("fit", "--trainer.max_steps=1")
    run("fit", "--trainer.max_steps=1")
    assert sorted(path.name for path in RUN.parent.iterdir()) == ["version_0", "version_1"]


def test_configs_stack_and_the_command_line_wins(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("model:\n  init_args:\n    moe:\n      expert_dim: 99\n    dim: 48\n")
    with pytest.raises(SystemExit) as end:
        run("fit", "--config=mine.yaml", "--model.dim=36", "--print_config")
    assert end.value.code == 0
    arguments = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]
    assert (arguments["dim"], arguments["moe"]["expert_dim"], arguments["moe"]["num_experts"]) == (36, 99, 4)


@pytest.mark.slow
def test_the_seed_decides(run: Run) -> None:
    first, second, other = (
        run("fit", "--trainer.max_steps=2", f"--seed_everything={seed}").trainer.callback_metrics["train/loss"]
        for seed in (0, 0, 1)
    )
    assert first == second != other


def test_a_callback_that_is_given_again_replaces_the_config_s(run: Run) -> None:
    made = run("fit", "--trainer.max_steps=2", "--trainer.callbacks+=StepTimer", "--trainer.callbacks.inside_moe=true")
    assert [timer.inside_moe for timer in called(made, "StepTimer")] == [True]


def test_the_bar_can_be_left_out(run: Run) -> None:
    made = run("fit", "--trainer.max_steps=2", "--trainer.enable_progress_bar=false")
    assert made.trainer.global_step == 2
    assert not called(made, "MoEProgressBar")


def test_a_shell_can_complete(tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    asked = {**os.environ, "JSONARGPARSE_ADD_PRINT_COMPLETION_ARGUMENT": "true"}
    command = [sys.executable, TRAIN, "--print_completion", "shtab-bash"]
    script.write_text(subprocess.run(command, env=asked, capture_output=True, text=True, check=True).stdout)
    typed = "COMP_WORDS=(train.py fit --model.gat) COMP_CWORD=2"
    lines = "source completion.sh; " + typed + "; _shtab_train_py; echo ${COMPREPLY[@]}"
    done = subprocess.run(["bash", "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "--model.gating" in done.stdout.split()


def test_validations_may_go_by_the_clock(run: Run) -> None:
    assert run("fit", "--trainer.val_check_interval=00:00:00:30", "--trainer.max_steps=2").trainer.global_step == 2
