"""The job script, with stand-ins for what a cluster has."""

import itertools
import os
import shlex
import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from .conftest import ROOT, TINY, Run, start

SCRIPT = ROOT / "train.slurm"
JOB = {
    "SLURM_JOB_ID": "77",
    "SLURM_JOB_NAME": "a-job",
    "SLURM_NNODES": "1",
    "SLURM_NTASKS": "1",
    "SLURM_NTASKS_PER_NODE": "1",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "localhost",
}


def submitted(folder: Path, code: int, *options: str) -> tuple[int, list[str], str]:
    """Exit code of the script, the words that srun was given, what scontrol was told; srun ends with `code`."""
    for name, then in {"srun": f"exit {code}", "scontrol": ""}.items():
        (folder / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shlex.quote(str(folder))}/{name}.said\n{then}\n')
        (folder / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "77",
    }
    done = subprocess.run(["bash", SCRIPT, *options], env=environment, check=False, cwd=folder)
    queued = folder / "scontrol.said"
    return (
        done.returncode,
        (folder / "srun.said").read_text().splitlines(),
        queued.read_text() if queued.exists() else "",
    )


@pytest.mark.parametrize(("code", "expected", "told"), [(0, 0, ""), (1, 1, ""), (138, 0, "requeue\n77\n")])
def test_a_run_that_saved_on_the_signal_is_queued_again(code: int, expected: int, told: str, tmp_path: Path) -> None:
    ended, words, queued = submitted(tmp_path, code, "--model.dim", "48")
    assert (ended, queued) == (expected, told)
    assert words[:3] == ["python", "train.py", "fit"]
    assert words[-6:] == [
        "--trainer.logger.version",
        "job_77",
        "--ckpt_path",
        "last",
        "--model.dim",
        "48",
    ]
    for config in (word for before, word in itertools.pairwise(words) if before == "--config"):
        assert (ROOT / config).is_file()


def test_a_job_starts_and_goes_on_in_one_folder(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in JOB.items():
        monkeypatch.setenv(name, value)
    options = [*TINY, f"--data.cache_dir={cache_dir}", "--trainer.devices=1", "--trainer.limit_val_batches=0"]
    configs = [f"--config={ROOT}/configs/{name}.yaml" for name in ("ddp", "slurm")]
    for steps in (2, 4):
        words = ["--trainer.logger.version=job_77", "--ckpt_path=last", f"--trainer.max_steps={steps}"]
        done = start(tmp_path, str(ROOT / "train.py"), "fit", *configs, *options, *words)
        assert done.returncode == 0, done.stderr[-3000:]
    folder = tmp_path / "runs/text_completion"
    assert [path.name for path in folder.iterdir()] == ["job_77"]
    assert torch.load(folder / "job_77/checkpoints/last.ckpt", weights_only=True)["global_step"] == 4
    assert not list(tmp_path.rglob("hpc_ckpt*"))
    plugin = yaml.safe_load((folder / "job_77/config.yaml").read_text())["trainer"]["plugins"]
    assert plugin[0]["init_args"]["auto_requeue"] is False


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"SLURM_NTASKS_PER_NODE": "4"},
            "devices is 1, and srun has started 4 processes on this machine; take --config",
        ),
        (
            {"SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": None},
            "the job has 4 tasks, and does not say how many on each machine; use --ntasks-per-node",
        ),
    ],
)
def test_a_job_that_contradicts_the_config_is_refused(
    changed: dict[str, str | None],
    reason: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {**JOB, **changed}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        run("fit")
    assert end.value.code == 2
    assert reason in capsys.readouterr().err
    assert not Path("runs").exists()
