import subprocess
import sys
from pathlib import Path

import pytest

from .two_ranks import analyse, validation


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_ranks_find_what_one_process_finds_in_the_same_batches(tmp_path: Path) -> None:
    analyse(validation(), tmp_path / "one")
    script = Path(__file__).with_name("two_ranks.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*torchrun, script, tmp_path / "two"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = ((tmp_path / folder / "routing.html").read_text() for folder in ("one", "two"))
    assert "1,170 tokens" in one
    assert one == two
