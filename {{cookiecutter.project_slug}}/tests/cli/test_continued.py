import json
from pathlib import Path

import pytest
import torch
import yaml

from adaptive_moe.cli.continued import changed, config_of, is_new, with_config

from ..conftest import Run

RUNS = Path("runs/text_completion")
LAST = RUNS / "version_0/checkpoints/last.ckpt"
OWN = ["--trainer.max_steps=4", "--model.warmup_steps=7", "--model.gating.threshold=0.3"]


def test_the_folder_alone_is_enough(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", *OWN)
    before = (RUNS / "version_0/config.yaml").read_text()
    made = run("fit", "--ckpt_path=runs/text_completion/version_0", "--trainer.max_steps=6")
    said = capsys.readouterr().err
    assert f"fit goes on from {LAST}; changed: trainer.max_steps 4 -> 6.\n" in said
    assert made.trainer.global_step == 6
    assert made.model.warmup_steps == 7
    assert [path.name for path in RUNS.iterdir()] == ["version_0"]
    after = (RUNS / "version_0/config.yaml").read_text()
    assert after == before.replace("max_steps: 4", "max_steps: 6")


def test_a_config_is_replaced_whole(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", *OWN)
    config, kept = RUNS / "version_0/config.yaml", Path("kept.yaml")
    kept.hardlink_to(config)
    before = kept.read_text()
    run("fit", "--ckpt_path=last", "--trainer.max_steps=5")
    assert kept.read_text() == before != config.read_text()
    for broken in ["", "a: [", "text"]:
        config.write_text(broken)
        with pytest.raises(SystemExit):
            run("fit", "--ckpt_path=last")
        assert f"error: {config} is no config any more; mend it, or go on from a copy of" in capsys.readouterr().err


def test_a_model_that_is_judged_untrained_is_said_to_be(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("test")
    assert "test reads no checkpoint, so the model is untrained; add --ckpt_path best.\n" in capsys.readouterr().err
    run("fit", *OWN)
    run("fit", "--ckpt_path=last")
    assert "The run has had its 4 steps; to go on, give more: --trainer.max_steps" in capsys.readouterr().err


def test_a_file_begins_a_new_run_of_the_same_kind(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", *OWN)
    run("fit", "--ckpt_path=last", "--trainer.max_steps=5")  # a folder that was named once is not named for ever
    made = run("fit", f"--ckpt_path={LAST}", "--trainer.max_steps=6")
    assert f"fit goes on from {LAST}, in a new run" in capsys.readouterr().err
    assert (made.trainer.global_step, made.model.warmup_steps) == (6, 7)
    assert sorted(path.name for path in RUNS.iterdir()) == ["version_0", "version_1"]
    assert torch.load(RUNS / "version_0/checkpoints/last.ckpt", weights_only=True)["global_step"] == 5


REFUSED = {
    "--model.optimizer.lr=0.5": "the optimizer's lr is 0.5 here and 0.002 in the checkpoint, which would win",
    "--model.optimizer.betas=[0.8,0.9]": "betas is [0.8, 0.9] here and [0.9, 0.95] in the checkpoint",
    "--trainer.max_steps=3": "max_steps is 3, and the checkpoint has 4 steps",
    "--model.num_layers=3": "and this model",
}


def test_what_a_checkpoint_would_override_is_refused_with_both_values(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("fit", *OWN)
    before = (RUNS / "version_0/config.yaml").read_text()
    for option, reason in REFUSED.items():
        with pytest.raises(SystemExit) as end:
            run("fit", "--ckpt_path=last", "--trainer.max_steps=9", option)
        assert end.value.code == 2
        assert reason in capsys.readouterr().err
    assert (RUNS / "version_0/config.yaml").read_text() == before
    run("validate", "--ckpt_path=last", "--model.optimizer.lr=0.5")  # which trains nothing
    told = f"validate reads {LAST}; changed: model.optimizer.lr 0.002 -> 0.5."
    assert told in capsys.readouterr().err


def test_a_callback_of_the_command_is_not_there_twice_when_its_run_goes_on(run: Run) -> None:
    stopping = ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=train/loss"]
    run("fit", *OWN, *stopping)
    assert run("fit", "--trainer.max_steps=5", "--ckpt_path=last", *stopping).trainer.global_step == 5


@pytest.mark.parametrize("wanted", ["runs/none", "runs"])
def test_a_path_without_a_checkpoint_is_refused(
    wanted: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(SystemExit):
        run("fit", f"--ckpt_path={wanted}")
    assert f"error: ckpt_path is {wanted}, and there is no" in capsys.readouterr().err


def test_what_only_reads_takes_no_devices_from_the_run(tmp_path: Path) -> None:
    trainer = {"devices": 8, "callbacks": []}
    config = {"seed_everything": 1, "trainer": trainer, "model": {"dim": 3}, "data": {}, "ckpt_path": "old"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    file = tmp_path / "checkpoints/last.ckpt"
    taken = {"fit": {**config}, "test": {"model": {"dim": 3}, "data": {}, "trainer": {"callbacks": []}}}
    del taken["fit"]["ckpt_path"]
    for command, expected in taken.items():
        words = with_config([command, "--model.dim=4"], taken, config_of(file))
        assert (words[0], words[2]) == (command, "--model.dim=4")
        assert json.loads(words[1].removeprefix("--config=")) == expected
    assert with_config(["fit"], taken, config_of(None)) == ["fit"]
    assert with_config(["fit"], taken, config_of(Path("elsewhere/last.ckpt"))) == ["fit"]


@pytest.mark.parametrize("written", ["runs/one/checkpoints/best.ckpt", "./runs/one//checkpoints/best.ckpt"])
def test_a_file_is_known_however_its_path_is_written(written: str) -> None:
    checkpoint = Path("runs/one/checkpoints/best.ckpt")
    assert is_new(written, checkpoint)
    assert not is_new("best", checkpoint)
    assert not is_new("runs/one", checkpoint)


def test_changes_are_told_briefly() -> None:
    def made(name: str, **options: object) -> dict[str, object]:
        return {"class_path": f"rooms.{name}", "init_args": options}

    before = {"a": 1, "b": made("Old", x=1), "c": [made("One", y=1)], "d": made("Same", z=[1, 2], w=None)}
    after = {"a": 1, "b": made("New", x=2), "c": [made("One", y=2), made("Two")], "d": made("Same", z=[1, 3])}
    told = {"b": "Old -> New", "c.One.y": "1 -> 2", "c.Two": "None -> Two", "d.z": "[1, 2] -> [1, 3]"}
    assert changed(before, after) == told
