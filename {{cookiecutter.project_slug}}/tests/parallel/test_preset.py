"""The config, from the command line."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from lightning.pytorch import Trainer

from adaptive_moe.errors import RunError
from adaptive_moe.moe import MoEConfig
from adaptive_moe.parallel import ExpertParallel

from ..conftest import ROOT, TRAIN, Run, start
from ..tasks import small

PRESET = f"--config={ROOT / 'configs/expert_parallel.yaml'}"
(PACKAGE,) = (path for path in (ROOT / "src").iterdir() if (path / "__init__.py").exists())


def test_a_fused_optimizer_takes_no_mixture(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", f"--config={ROOT}/configs/expert_fully_sharded.yaml", "--model.optimizer.fused=true")
    assert "error: the optimizer is fused, and takes no experts of one rank beside" in capfd.readouterr().err


def test_nothing_imports_the_room_but_the_configs() -> None:
    imports = re.compile(rf"^\s*(from|import) (\.|{PACKAGE.name}).*\bparallel\b", re.MULTILINE)
    for path in (*ROOT.glob("*.py"), *PACKAGE.rglob("*.py")):
        assert path.parent == PACKAGE / "parallel" or not imports.search(path.read_text())
    assert re.search(r"class_path: \w+\.parallel\.ExpertParallel$", Path(PRESET[9:]).read_text(), re.MULTILINE)


def test_experts_that_cannot_be_divided_are_told_once(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run("fit", PRESET, "--trainer.devices=3")
    assert end.value.code == 2
    (line,) = (line for line in capfd.readouterr().err.splitlines() if line.startswith("error"))
    assert "num_experts is 4, and 3 processes cannot have equally many" in line
    assert "choose 1 or 2 or 4 processes with --trainer.devices" in line


@pytest.mark.parametrize(
    ("model", "precision", "words"),
    [
        ({"moe": MoEConfig(layers=[])}, "32-true", "the model is dense"),
        ({}, "16-mixed", "--trainer.precision bf16-mixed"),
    ],
)
def test_what_does_not_go_together_is_refused(
    model: dict[str, MoEConfig], precision: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = ExpertParallel()
    Trainer(strategy=strategy, devices=1, accelerator="cpu", logger=False)
    monkeypatch.setattr(strategy, "_precision_plugin", SimpleNamespace(precision=precision))
    with pytest.raises(RunError, match=re.escape(words)):
        strategy.check(small.task("text_completion", **model))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", ["expert_parallel", "expert_fully_sharded", pytest.param("fully_sharded", marks=pytest.mark.soak)]
)
def test_one_process_goes_on_where_two_were(name: str, tiny: list[str], run: Run, tmp_path: Path) -> None:
    preset = f"--config={ROOT}/configs/{name}.yaml"
    short = ["--trainer.limit_val_batches=1", "--trainer.num_sanity_val_steps=0"]
    again = "--model.activation_checkpointing=true"  # travels twice
    done = start(tmp_path, TRAIN, "fit", *tiny, *short, preset, again, "--trainer.devices=2", "--trainer.max_steps=2")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "unwaited" not in done.stderr
    alone = ["--trainer.devices=1", "--trainer.strategy=auto"]
    trainer = run("fit", *short, *alone, "--trainer.max_steps=3", "--ckpt_path=last").trainer
    assert trainer.global_step == 3
    parameters = sum(parameter.numel() for parameter in trainer.lightning_module.parameters())
    assert f"parameters          {parameters:,};" in done.stdout
