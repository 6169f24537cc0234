import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from adaptive_moe import moe
from adaptive_moe.export import load
from adaptive_moe.export.save import arguments

from ..conftest import ROOT, Run, called

FEW = ["--trainer.max_steps=3", "--trainer.num_sanity_val_steps=0", "--trainer.limit_val_batches=1"]
OTHERS = ["sentiment", "question_answering", "translation"]
TASKS = ["text_completion", *(pytest.param(task, marks=pytest.mark.slow) for task in OTHERS)]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_loaded_gives_what_was_trained(task: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    made = run("fit", f"--config={ROOT}/configs/tasks/{task}.yaml", *FEW)
    folder = Path(f"runs/{task}/version_0")
    run("export", f"--ckpt_path={folder}", "--folder=out/exported")
    assert "as of step 3" in capsys.readouterr().out
    assert {path.name for path in Path("out/exported").iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    model, tokenizer = load("out/exported")
    assert tokenizer.to_str() == made.datamodule.tokenizer.to_str()
    batch = next(iter(made.datamodule.val_dataloader()))
    with torch.no_grad():
        task_model = made.model.eval()
        hidden, _ = task_model.read(batch)
        expected = task_model.head(hidden) if hasattr(task_model, "head") else task_model.model.logits(hidden)
        found = model(batch.ids, batch.samples, *((batch.source.ids, batch.source.samples) if batch.source else ()))
    assert torch.equal(found, expected)
    config = json.loads(Path("out/exported/config.json").read_text())
    assert config["labels"] == list(made.datamodule.corpus.labels)


def test_a_threshold_that_was_moved_goes_with_the_weights(run: Run) -> None:
    made = run("fit", f"--config={ROOT}/configs/compute_budget.yaml", *FEW)
    (budget,) = called(made, "ComputeBudget")
    moved = budget.state_dict()["threshold"]
    assert moved != pytest.approx(0.1)
    run("export", "--ckpt_path=last")
    model, _ = load("exported")
    thresholds = [value for name, value in model.named_buffers() if name.endswith("gating.threshold")]
    assert [value.item() for value in thresholds] == [moved]  # one policy serves all layers
    assert json.loads(Path("exported/config.json").read_text())["model"]["gating"]["threshold"] == moved


def test_three_lines_without_lightning_are_enough(run: Run, tmp_path: Path) -> None:
    run("fit", *FEW)
    run("export", "--ckpt_path=last")
    lines = f"""
import sys, torch
sys.path.insert(0, {str(ROOT / "src")!r})
from adaptive_moe.export import load
model, tokenizer = load("exported")
logits = model(torch.tensor([tokenizer.encode("Return a list of").ids]))
assert logits.isfinite().all()
assert not any(name.split(".")[0] in ("lightning", "torchmetrics", "datasets") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, check=True)


def test_a_folder_that_is_there_is_left_alone(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", *FEW)
    Path("exported").mkdir()
    with pytest.raises(SystemExit):
        run("export", "--ckpt_path=last")
    assert "error: folder is exported, and there is one; name another, or remove it" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("export")
    assert "ckpt_path is not given, and export needs a trained model" in capsys.readouterr().err
    assert not list(Path("exported").iterdir())


POLICIES = [
    moe.Threshold(0.3, "renormalised"),
    moe.TopK(3),
    moe.TopP(0.7),
    moe.RandomTopTwo(0.2),
    moe.ProbabilisticTopTwo(0.3),
    moe.SequenceBudget(1.4),
]


@pytest.mark.parametrize("gating", POLICIES, ids=lambda gating: type(gating).__name__)
def test_every_policy_is_made_again_from_its_arguments(gating: moe.Gating) -> None:
    values = arguments(gating)
    again = getattr(moe, values.pop("class"))(**json.loads(json.dumps(values)))
    assert arguments(again) == arguments(gating)
    ranked = torch.rand(50, 4).softmax(1).sort(descending=True).values
    samples = torch.zeros(50, dtype=torch.long)
    torch.manual_seed(0)
    expected = gating(ranked, samples)
    torch.manual_seed(0)
    assert torch.equal(again(ranked, samples), expected)
