"""A rank that hangs, dies or fails, and one that refuses its corpus: all end, and say why."""

from pathlib import Path

import pytest

from ..conftest import ROOT, TRAIN, start

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", TRAIN]
GONE = ", and this one cannot go on; see what that one has said"
WATCHDOG = ["--trainer.callbacks+=Watchdog", "--trainer.callbacks.minutes=0.15"]
FALLS = ["--trainer.callbacks+=tests.callbacks.falls.Falls"]
CASES = {
    "sleeps": (
        [*WATCHDOG, *FALLS, "--trainer.callbacks.how=sleeps"],
        ["error: rank 1 of 2 has ended no batch", "falls.py"],
    ),
    "dies": ([*FALLS, "--trainer.callbacks.how=dies"], [GONE]),
    "raises": ([*FALLS, "--trainer.callbacks.how=raises"], ["OSError: a fault", GONE]),
    "refuses": (["--data.corpus.path=bad.jsonl"], ["error: text is the column text, and bad.jsonl has", GONE]),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("program", [[TRAIN], TORCHRUN], ids=["launcher", "torchrun"])
@pytest.mark.parametrize("case", CASES)
def test_all_ranks_end(case: str, program: list[str], tiny: list[str], corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"other": "a"}\n' * 30)
    given = [f"--config={ROOT}/configs/ddp.yaml", "--trainer.devices=2", "--trainer.max_steps=12"]
    arguments, words = CASES[case]
    data = ["--data.corpus=Texts", f"--data.corpus.path={corpus}"]
    ended = start(tmp_path, *program, "fit", *given, *tiny, *data, *arguments)
    assert ended.returncode
    assert all(each in ended.stderr for each in words), ended.stderr[-3000:]
