import re
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from lightning.pytorch import Trainer
from torch.distributed import DistNetworkError

from adaptive_moe.cli.processes import why_alone

from ..conftest import TRAIN, start

SAID = {
    "port: 29511, code: -98, name: EADDRINUSE": "MASTER_PORT is 29511, and another program uses that port; choose",
    "client socket has timed out": r"do not meet at 10.0.0.9, port 29511 \(.*\), where rank 0 is: client socket",
}


@pytest.mark.parametrize("said", SAID)
def test_processes_that_do_not_meet_are_ended_with_a_sentence(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.9")
    monkeypatch.setenv("MASTER_PORT", "29511")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:
        trainer = Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
        trainer.strategy._launcher = SimpleNamespace(procs=[waiting])  # type: ignore[assignment]
        assert why_alone(RuntimeError("mat1 and mat2"), trainer) is None
        assert waiting.poll() is None
        assert re.search(SAID[said], why_alone(DistNetworkError(said), trainer) or "")
        assert waiting.wait(10)


@pytest.mark.slow
def test_a_port_in_use_leaves_no_process(tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("MASTER_PORT", str(port))
        ended = start(tmp_path, TRAIN, "fit", *tiny, "--trainer.devices=2")  # returns when the last one has ended
    assert ended.returncode == 2
    assert f"error: MASTER_PORT is {port}, and another program uses that port" in ended.stderr
    assert not (tmp_path / "runs").exists()
