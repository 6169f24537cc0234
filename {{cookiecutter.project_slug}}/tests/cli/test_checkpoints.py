"""Which checkpoint a command reads."""

import json
from pathlib import Path

import pytest
import torch

from ..conftest import Run

RUN = Path("runs/text_completion/version_0")


@pytest.mark.slow
def test_last_starts_then_goes_on_as_if_never_stopped(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--trainer.limit_train_batches=6", "--trainer.val_check_interval=4", "--model.warmup_steps=1000"]
    whole = run("fit", *options, "--trainer.max_steps=8", "--trainer.logger.name=whole").model.state_dict()
    run("fit", *options, "--trainer.max_steps=6", "--ckpt_path=last")
    assert "a new one starts" in capsys.readouterr().out
    resumed = run("fit", *options, "--trainer.max_steps=8", "--ckpt_path=last")
    assert resumed.trainer.global_step == 8
    assert [path.name for path in RUN.parent.iterdir()] == ["version_0"]
    assert all(torch.equal(value, whole[name]) for name, value in resumed.model.state_dict().items())


def test_last_is_the_last_step_whatever_validation_found(run: Run) -> None:
    run("fit", "--trainer.max_steps=5", "--trainer.val_check_interval=2")
    steps = {
        name: torch.load(RUN / f"checkpoints/{name}.ckpt", weights_only=True)["global_step"]
        for name in ("best", "last")
    }
    assert steps["best"] in (2, 4)
    assert steps["last"] == 5


@pytest.mark.slow
def test_validate_test_and_predict_read_the_run_and_write_nothing(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("fit", "--trainer.max_steps=4", "--trainer.val_check_interval=2")
    before = sorted(tmp_path.rglob("*"))
    validated = run("validate", "--ckpt_path=last").trainer.callback_metrics
    tested = run("test", "--ckpt_path=best").trainer.callback_metrics
    assert {"val/loss", "val/perplexity"} <= set(validated)
    assert {"test/loss", "test/perplexity"} <= set(tested)
    capsys.readouterr()
    run("predict", "--ckpt_path=last", "--data.inputs=Return the", "--model.max_new_tokens=5")
    said = json.loads(capsys.readouterr().out)
    assert said["text"] == "Return the"
    assert isinstance(said["completion"], str)
    assert sorted(tmp_path.rglob("*")) == before


def test_best_of_a_run_without_one_is_not_that_of_an_older_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=2", "--trainer.val_check_interval=1")
    run("fit", "--trainer.max_steps=1")
    with pytest.raises(SystemExit):
        run("test", "--ckpt_path=best")
    assert "version_1 has none; take last" in capsys.readouterr().err


@pytest.mark.slow
def test_a_checkpoint_of_another_model_is_refused_and_its_run_is_left_as_it_was(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("fit", "--trainer.max_steps=1")
    before = (RUN / "config.yaml").read_text()
    for command in ("fit", "predict"):
        with pytest.raises(SystemExit) as end:
            run(command, "--ckpt_path=last", "--model.dim=48", "--data.inputs=Return the")
        assert end.value.code == 2
        assert "error: the checkpoint has (" in capsys.readouterr().err
    assert (RUN / "config.yaml").read_text() == before
    run("predict", "--model.dim=48", f"--config={RUN}/config.yaml", "--ckpt_path=last", "--data.inputs=Return the")
    with pytest.raises(SystemExit):
        run("predict", "--ckpt_path=last")
    assert "error: inputs is not given; say what to predict for" in capsys.readouterr().err


def test_a_run_without_its_last_checkpoint_is_begun_anew(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=2")
    Path("runs/text_completion/version_0/checkpoints/last.ckpt").unlink()
    assert run("fit", "--trainer.max_steps=2", "--ckpt_path=last").trainer.global_step == 2
    assert "a new one starts" in capsys.readouterr().out


def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the best one; and when none is whole, a run begins."""
    options = ["--trainer.val_check_interval=2", "--trainer.num_sanity_val_steps=0"]
    run("fit", *options, "--trainer.max_steps=5")
    folder = RUN / "checkpoints"
    for name, step in (("last", 5), ("last-previous", 4), ("best", None)):
        path = folder / f"{name}.ckpt"
        assert step in (None, torch.load(path, weights_only=True)["global_step"])
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(SystemExit):
            run("validate", f"--ckpt_path={path}")
        assert f"error: ckpt_path is {path}, and it is damaged in " in capsys.readouterr().err
        if name == "last":
            run("validate", "--ckpt_path=last")
            said = capsys.readouterr().out
            assert f"{path}: it is damaged in archive/data" in said
            assert "set aside as last.ckpt.damaged, and the one before is used" in said
    with pytest.raises(SystemExit):
        run("validate", "--ckpt_path=best")
    run("fit", *options, "--trainer.max_steps=1", "--ckpt_path=last")
    assert "a new one starts" in capsys.readouterr().out
    names = {"last.ckpt.damaged", "last-previous.ckpt.damaged", "best.ckpt.damaged"}
    assert {path.name for path in folder.iterdir()} == names


def test_a_run_goes_on_from_between_two_steps(run: Run) -> None:
    """Its best checkpoint is of batch 4, and three make a step."""
    options = ["--trainer.accumulate_grad_batches=3", "--trainer.val_check_interval=4"]
    run("fit", *options, "--trainer.max_steps=2")
    saved = torch.load(RUN / "checkpoints/best.ckpt", weights_only=True)
    assert saved["global_step"] == 1
    made = run("fit", *options, "--trainer.max_steps=3", f"--ckpt_path={RUN}/checkpoints/best.ckpt")
    assert made.trainer.global_step == 3
