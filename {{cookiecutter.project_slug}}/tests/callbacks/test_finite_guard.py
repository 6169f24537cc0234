import errno
import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from adaptive_moe.callbacks import FiniteGuard
from adaptive_moe.data import Batch, Slice, TextDataModule
from adaptive_moe.errors import RunError
from adaptive_moe.moe import Routing, Threshold

from ..conftest import Run
from .training import task

FOLDER = Path("runs/text_completion/version_0/not_finite")


class Poison(Callback):
    """Makes what the model gives not finite, in some batches of one rank; or only the gradient."""

    def __init__(self, batches: list[int], rank: int = 0, gradient: bool = False) -> None:
        self.batches, self.rank, self.gradient = batches, rank, gradient

    def due(self, trainer: Trainer) -> bool:
        return trainer.fit_loop.total_batch_idx in self.batches and trainer.global_rank == self.rank

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if self.due(trainer) and not self.gradient:
            norm: Any = pl_module.model.norm
            self.hook = norm.register_forward_hook(lambda *values: values[-1] * torch.nan)

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        if hasattr(self, "hook"):
            self.hook.remove()

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.due(trainer) and self.gradient:
            next(pl_module.parameters()).grad[0] = torch.inf  # type: ignore[index]


def poisoned(*settings: str) -> list[str]:
    chosen = [f"--trainer.callbacks.{setting}" for setting in settings]
    return ["--trainer.callbacks+=tests.callbacks.test_finite_guard.Poison", *chosen]


def skipping(skips: int = 10) -> list[str]:
    return [
        "--trainer.callbacks+=FiniteGuard",
        "--trainer.callbacks.on_fault=skip",
        f"--trainer.callbacks.max_skips={skips}",
    ]


@pytest.mark.parametrize(("window", "sample"), [(None, 2), ([40, 50, 60, 70, 80], 60)])
def test_the_layer_and_the_step_that_overflowed_first_are_named(
    window: list[int] | None, sample: int, tmp_path: Path
) -> None:
    """Layer 1 in step 2, layer 0 in step 3; told at the log of step 4. Samples have the split's numbers."""
    guard, module = FiniteGuard(), task(Threshold(0.1))
    trainer: Any = MagicMock()
    trainer.__class__ = Trainer
    trainer.global_step, trainer.log_every_n_steps, trainer.log_dir = 0, 4, str(tmp_path)
    if window:
        trainer.datamodule = MagicMock(spec=TextDataModule)
        trainer.datamodule.curriculum = Mock(samples=Mock(spec=Slice, chosen=torch.tensor(window)))
    guard.on_train_start(trainer, module)

    def step(number: int) -> None:
        trainer.global_step = number
        routings = {f"layer_{layer}": routing(number >= since) for layer, since in enumerate((3, 2))}
        ids = torch.tensor([[number, number, -1]])
        outputs = {"routings": routings, "loss": torch.tensor(1.0)}
        guard.on_train_batch_end(trainer, module, outputs, Batch(ids, ids, ids), 0)

    for number in (1, 2, 3):
        step(number)
    with pytest.raises(RunError, match=f"layer_1 are not finite in step 2, of samples {sample} "):
        step(4)
    found = json.loads((tmp_path / "not_finite/step_2.json").read_text())
    assert found == {"0": {"not_finite": ["the router's logits of layer_1 are"], "samples": [sample]}}


def routing(is_broken: bool) -> Routing:
    """One of its logits is infinite, or none."""
    logits = torch.ones(2, 2)
    logits[1, 0] = torch.inf if is_broken else 0
    return Routing(logits, logits, logits, logits > 0, logits)


def test_a_run_whose_router_overflows_ends_with_a_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(
            "fit",
            "--trainer.max_steps=6",
            "--model.optimizer.lr=1e38",
            "--model.warmup_steps=0",
            "--trainer.gradient_clip_val=null",
        )
    said = capsys.readouterr()
    assert re.search(r"error: the router's logits of layer_\d are not finite in step [2-4], of samples ", said.err)
    assert "best val/perplexity" not in said.out


@pytest.mark.parametrize(
    ("gradient", "part", "clipping"), [("false", "loss", "1"), ("true", "gradient", "1"), ("true", "gradient", "null")]
)
def test_a_loss_or_a_gradient_ends_the_run_at_the_next_log(
    gradient: str, part: str, clipping: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(
            "fit",
            "--trainer.max_steps=9",
            "--trainer.log_every_n_steps=4",
            f"--trainer.gradient_clip_val={clipping}",
            *poisoned("batches=[2]", f"gradient={gradient}"),
        )
    assert f"error: the {part} is not finite in step 3, of samples " in capsys.readouterr().err
    (path,) = FOLDER.iterdir()
    assert json.loads(path.read_text())["0"]["samples"]


def test_a_step_that_is_skipped_changes_no_weight(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--trainer.max_steps=1", "--trainer.limit_val_batches=0"]
    untrained = run("fit", *options, "--model.optimizer.lr=0.0").model.state_dict()
    skipped = run("fit", *options, *skipping(), *poisoned("batches=[0]")).model.state_dict()
    assert all(torch.equal(value, skipped[name]) for name, value in untrained.items())
    said = capsys.readouterr().out
    assert "the loss is not finite in step 1, of samples" in said
    assert "): the step is left out, 1 of 10." in said


def test_weights_that_are_broken_are_not_saved(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A validation comes before the log."""
    options = ["--trainer.max_steps=9", "--trainer.log_every_n_steps=9", "--trainer.val_check_interval=2"]
    with pytest.raises(SystemExit):
        run("fit", *options, *poisoned("batches=[2]"))
    assert "error: the loss is not finite in step 3, of" in capsys.readouterr().err
    last = torch.load(FOLDER.parent / "checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 2


def test_a_gradient_alone_is_skipped_too(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=4", *skipping(), *poisoned("batches=[2]", "gradient=true"))
    assert "the gradient is not finite in step 3, of samples" in capsys.readouterr().out


def test_skips_are_counted(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", "--trainer.max_steps=9", *skipping(2), *poisoned("batches=[1,3,5]"))
    assert "error: the loss is not finite in step 6, of" in (said := capsys.readouterr()).err
    assert "and 2 steps were left out before" in said.err
    assert said.out.count("the step is left out") == 2


def test_skips_are_counted_over_interruptions(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=3", *skipping(1), *poisoned("batches=[1,4]"))
    with pytest.raises(SystemExit):
        run("fit", "--trainer.max_steps=9", "--ckpt_path=last")
    assert "and 1 steps were left out before" in capsys.readouterr().err


def test_a_full_disk_ends_no_run(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr("adaptive_moe.callbacks.finite_guard.replace", full)
    with pytest.warns(UserWarning, match=r"step_3.json cannot be written \(No space left on device\); make room there"):
        made = run("fit", "--trainer.max_steps=5", *skipping(), *poisoned("batches=[2]"))
    assert made.trainer.global_step == 5
    assert "in step 3, of samples" in capsys.readouterr().out
