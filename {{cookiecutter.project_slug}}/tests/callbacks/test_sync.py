"""What ranks tell each other, and where they wait."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adaptive_moe.callbacks.timing import Clock, HostTime
from adaptive_moe.callbacks.timing.sync import marking

CASES = {  # and milliseconds: of a step of two batches, twice as many
    "data of rank 0": ("it waits for data", 40),
    "data of rank 1": ("it waits for data", 40),
    "forward of rank 1": ("it is slow in forward", 40),
    "backward of rank 1": ("it is slow in backward", 40),
    "backward of rank 0": ("it is slow in backward", 80),
    "optimizer of rank 0": ("it is slow in the optimiser", 40),
}


def test_the_last_bucket_marks_the_clock_and_the_hook_does_its_own() -> None:
    def chosen(state: str, bucket: Any) -> str:
        return f"{state} {bucket.number}"

    clock = Clock(HostTime())
    clock.end()
    hook = marking(chosen, clock)
    assert hook.__name__ == "chosen"
    assert hook("state", SimpleNamespace(number=0, is_last=lambda: False)) == "state 0"
    assert clock.parts == ["other"]
    assert hook("state", SimpleNamespace(number=1, is_last=lambda: True)) == "state 1"
    assert clock.parts == ["sync"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two ranks were told, of which one was slow."""
    folder = tmp_path_factory.mktemp("ranks")
    script = Path(__file__).with_name("slow_ranks.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*torchrun, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_rank_that_is_slow_is_named_with_the_cause(told: list[dict[str, Any]]) -> None:
    for case, (cause, late) in CASES.items():
        first, second = (each[case] for each in told)
        rank = int(case[-1])
        assert first["verdict"] == second["verdict"]
        assert first["verdict"] == f"rank {rank} holds the others back by {late} ms: {cause}"
        assert first["time/slowest_rank"] == rank
        assert first["time/slowest_rank_ms"] == pytest.approx(late)
        assert first["time/tokens_per_second"] == pytest.approx(2 * first["time/tokens_per_second_per_device"])


@pytest.mark.slow
def test_waiting_for_the_other_rank_is_sync_wherever_it_happens(told: list[dict[str, Any]]) -> None:
    for case, (_, late) in CASES.items():
        part = case.split()[0]
        means = {"step": late, part: late / 2, "sync": late / 2}  # of a rank that is slow and one that waits
        others = dict.fromkeys({"data", "forward", "backward", "optimizer", "other"} - {part}, 0)
        for name, mean in {**means, **others}.items():
            assert told[0][case][f"time/{name}_ms"] == pytest.approx(mean, abs=1e-9), (case, name)


@pytest.mark.slow
def test_the_hook_that_was_chosen_still_reduces_every_bucket(told: list[dict[str, Any]]) -> None:
    for each in told:
        assert each["buckets"]["0"] == 10  # steps, of two batches each
        assert len(each["buckets"]) > 1
