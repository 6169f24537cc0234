"""Every checkpoint of many kinds of runs goes on to the bit; an hour: pytest tests/data/soak_resume.py."""

import shutil
from itertools import product
from pathlib import Path

import pytest

from ..conftest import Run
from .resume import COMPLEXITY, PACED, PADDED, STEERED, TWO, assert_same_end, kept, options, process, traced

ACCUMULATED = ["--trainer.accumulate_grad_batches=3"]
ORDERS: dict[str, list[str]] = {
    "random": [],
    "by length": ["--data.order=LengthBucketed", "--data.order.bucket_size=20", *PADDED],
    "paper": [*COMPLEXITY, "--data.order.mode=paper", *PADDED],
    "paced": [*COMPLEXITY, *PACED, *STEERED],
    "window": ["--trainer.callbacks+=ScoringPass", "--data.order=Complexity", "--data.window=40", *PADDED, *STEERED],
    "stream": ["--data.corpus.streaming=true", "--data.window=50", *STEERED],
}
WORKERS: dict[str, list[str]] = {"0 workers": [], "2 workers": ["--data.num_workers=2"]}
TRAINING: dict[str, list[str]] = {
    "every 5": [],
    "accumulated": [*ACCUMULATED, "--model.gating=RandomTopTwo", "--model.gating.share=0.3"],
    "twice an epoch": ["--trainer.val_check_interval=0.5", "--trainer.check_val_every_n_epoch=1"],
    "max_steps": ["--trainer.max_steps=11", "--trainer.max_epochs=-1"],
}
CASES = {
    f"{order}, {workers}, {training}": [*ORDERS[order], *WORKERS[workers], *TRAINING[training]]
    for order, workers, training in product(ORDERS, WORKERS, TRAINING)
    if training != "accumulated" or "--trainer.callbacks+=ComputeBudget" not in ORDERS[order]  # it needs a threshold
}
pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),  # what goes on here goes on in another folder
    pytest.mark.filterwarnings("ignore:.*could not find the monitored key"),  # an epoch that had ended ends again
]


def checkpoints(case: str) -> list[Path]:
    """All; but under accumulation a validation may lie between two steps, and gathered gradients are not kept."""
    return sorted(Path("all").glob("[se]*" if "accumulated" in case else "*"))


@pytest.mark.parametrize("case", CASES)
def test_one_process(case: str, run: Run, corpus: Path) -> None:
    given = [*options(corpus), *CASES[case]]
    run("fit", *given, *kept("all"), *traced("whole"))
    resumed = 0
    for number, checkpoint in enumerate(checkpoints(case)):
        run("fit", *given, *kept(f"again-{number}"), *traced(f"from-{number}"), f"--ckpt_path={checkpoint}")
        trace = Path(f"from-{number}-0.jsonl")
        if trace.exists():  # nothing is left to do behind the last
            assert_same_end("whole", f"from-{number}")
            resumed += 1
        shutil.rmtree(f"again-{number}", ignore_errors=True)
    assert resumed > number // 2


@pytest.mark.parametrize("case", [case for case in CASES if "every 5" in case or case.startswith("paper")])
def test_two_processes(
    case: str, tiny: list[str], tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [*tiny, *options(corpus), *CASES[case], *TWO]
    process(tmp_path, *given, *kept("all"), *traced("whole"))
    every = checkpoints(case)
    for number, checkpoint in enumerate(every[:: max(len(every) // 4, 1)]):
        process(tmp_path, *given, *kept(f"again-{number}"), *traced(f"from-{number}"), f"--ckpt_path={checkpoint}")
        for rank in (0, 1):
            if Path(f"from-{number}-{rank}.jsonl").exists():
                assert_same_end("whole", f"from-{number}", rank)
