"""A run that was killed goes on as if it had not been, to the bit."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from ..conftest import Run
from .resume import (
    COMPLEXITY,
    PACED,
    PADDED,
    STEERED,
    TWO,
    assert_same_end,
    epoch_ends,
    options,
    process,
    traced,
)
from .trace import Killed, read

FIVE = ["--trainer.max_epochs=5"]
CASES: dict[str, list[str]] = {
    "chance, accumulated": [
        "--model.gating=RandomTopTwo",
        "--model.gating.share=0.3",
        "--trainer.accumulate_grad_batches=2",
    ],
    "paper, workers": [*COMPLEXITY, "--data.order.mode=paper", "--data.num_workers=2"],
    "paced, padded, steered": [*COMPLEXITY, *PADDED, *STEERED, *PACED],
    "window": ["--trainer.callbacks+=ScoringPass", "--data.order=Complexity", "--data.window=40", *FIVE],
    "stream": ["--data.corpus.streaming=true", "--data.window=50", *FIVE],
}
pytestmark = pytest.mark.slow


FIRST = ("paper, workers", "stream")
OTHERS = [pytest.param(case, marks=pytest.mark.soak) for case in CASES if case not in FIRST]


@pytest.mark.parametrize("case", [*FIRST, *OTHERS])
def test_one_process_goes_on_to_the_bit(case: str, run: Run, corpus: Path) -> None:
    given = [*options(corpus), *CASES[case]]
    run("fit", *given, *traced("whole"))
    start, *_ = epoch_ends(read("whole"))
    for kill_at in (start, start + 3):  # behind an epoch's last batch, and in the middle
        with pytest.raises(Killed):
            run("fit", *given, *traced(f"at-{kill_at}", kill_at))
        run("fit", *given, *traced(f"at-{kill_at}-on"), "--ckpt_path=last")
        assert_same_end("whole", f"at-{kill_at}-on")


@pytest.mark.timeout(600)
def test_two_processes_go_on_to_the_bit_and_one_goes_on_where_they_were(
    tiny: list[str], tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [*tiny, *options(corpus), *COMPLEXITY, "--data.order.mode=paper", *PADDED, *STEERED]
    process(tmp_path, *given, *TWO, *traced("whole"))
    ranks = [[line["samples"] for line in read("whole", rank) if line.get("epoch") == 0] for rank in (0, 1)]
    turns = [batch for turn in zip(*ranks, strict=True) for batch in turn if batch]
    lengths = [[tokens for _, tokens in batch] for batch in turns]
    assert all(max(first) <= min(second) for first, second in pairwise(lengths))  # by length, dealt in turn
    kill_at = epoch_ends(read("whole"))[0] + 3
    process(tmp_path, *given, *TWO, *traced("killed", kill_at, hard=True))
    shutil.copytree("runs/killed", "runs/one")
    alone = ["--trainer.devices=1", "--trainer.strategy=auto"]
    said = process(tmp_path, *given, *alone, *traced("one-on"), "--ckpt_path=last", "--trainer.max_epochs=2")
    assert "world size is 2, and this run's 1: epoch 1 goes on" in said
    traces = [*read("killed", 0), *read("killed", 1), *read("one-on")]
    seen = [sample for line in traces if line.get("epoch") == 1 for sample, _ in line["samples"]]
    assert sorted(seen) == list(range(len(seen)))
    process(tmp_path, *given, *TWO, *traced("killed-on"), "--ckpt_path=last")
    for rank in (0, 1):
        assert_same_end("whole", "killed-on", rank)
