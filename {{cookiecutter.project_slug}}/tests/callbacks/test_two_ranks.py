import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .training import Batches
from .two_ranks import moved


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_threshold_and_biases_move_alike_on_two_ranks_and_as_one_process_moves_them(tmp_path: Path) -> None:
    script = Path(__file__).with_name("two_ranks.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*torchrun, script, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    batches = Batches(5, 0, 1)
    batches.batches[-1].samples[4:] = -1  # the second rank's last batch is padding
    together = moved(batches)
    assert torch.equal(first["threshold"], second["threshold"])
    assert torch.equal(first["bias"], second["bias"])
    assert torch.equal(first["bias"], together["bias"])
    torch.testing.assert_close(first["threshold"], together["threshold"], rtol=0.05, atol=0)  # a mean of two quantiles
