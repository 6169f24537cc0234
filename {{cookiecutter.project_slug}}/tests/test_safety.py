"""What comes from outside is data, and never a program."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from .conftest import ROOT, Run

SOURCES = [ROOT / "train.py", ROOT / "compare.py", *sorted((ROOT / "src").rglob("*.py"))]


class Planted:
    """A pickle that writes a file when it is loaded."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("planted",)


@pytest.mark.parametrize("hidden", ["alone", "in a checkpoint"])
def test_a_pickle_in_a_checkpoint_is_never_loaded(hidden: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "--trainer.max_steps=1", "--trainer.limit_val_batches=0")
    folder = Path("runs/text_completion/version_0/checkpoints")
    content = torch.load(folder / "last.ckpt", weights_only=True)
    torch.save(Planted() if hidden == "alone" else {**content, "callbacks": {"x": Planted()}}, folder / "evil.ckpt")
    for command in ("fit", "validate", "test", "predict", "export"):
        with pytest.raises(SystemExit) as end:
            run(command, f"--ckpt_path={folder}/evil.ckpt", "--data.inputs=Return")
        assert end.value.code == 2
        assert "it is damaged, or no checkpoint" in capsys.readouterr().err
    (folder / "evil.ckpt").replace(folder / "last.ckpt")
    with pytest.raises(SystemExit):
        run("test", "--ckpt_path=last")
    assert not Path("planted").exists()


def test_nothing_trusts_what_it_reads() -> None:
    """Beside what ruff's rules S hold (eval, exec, pickle, shells, YAML that makes objects)."""
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert "trust_remote_code" not in text, path
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, path
