"""The whole of it, with models that train in seconds."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import compare
import pytest
import torch

from adaptive_moe.cli.errors import refuse
from adaptive_moe.errors import RunError
from adaptive_moe.report import compare as begin
from adaptive_moe.report import runs
from adaptive_moe.report.results import Results, Run
from adaptive_moe.report.runs import ended, measured
from adaptive_moe.report.schemes import SCHEMES, Scheme

from ..conftest import ROOT
from . import made

TIMES = {"seconds", "step_ms", "moe_share", "latency_ms", "tokens_per_second"}


@pytest.fixture
def arguments(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two schemes of text completion; in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["compare.py"])
    Path("tiny.yaml").write_text(
        "trainer: {max_steps: 110, val_check_interval: 10, limit_val_batches: 3, limit_test_batches: 3}\n"
        "model: {init_args: {dim: 24, num_heads: 2, num_layers: 2, moe: {num_experts: 4, expert_dim: 16}}}\n"
        "data: {init_args: {vocab_size: 300, context_length: 32, batch_size: 4}}\n"
    )
    task = ["--task=text_completion", "--config=tiny.yaml", "--trainer.accelerator=cpu"]
    data = ["--data.corpus=Texts", f"--data.corpus.path={corpus}"]
    return [*task, *data, "--schemes", "top_2", "random_share"]


def read(folder: Path) -> Results:
    return Results.model_validate_json((folder / "results.json").read_text())


def without_times(value: Any) -> Any:
    """What is the same each time."""
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in TIMES}
    return [without_times(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.timeout(900)  # six runs, on a machine that may be busy
def test_schemes_are_trained_measured_and_reported(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    compare.main([*arguments, "--seeds=2", "--folder=out"])
    results = read(Path("out"))
    assert [(name, list(runs)) for name, runs in results.runs.items()] == [
        ("top_2", [0, 1]),
        ("adaptive", [0, 1]),
        ("random_share", [0, 1]),
    ]
    for seed in (0, 1):
        top_2, adaptive, chance = (runs[seed] for runs in results.runs.values())
        assert isinstance(top_2, Run)
        assert isinstance(adaptive, Run)
        assert isinstance(chance, Run)
        assert top_2.mean_experts == 2
        assert adaptive.mean_experts
        assert 1 < adaptive.mean_experts < 2
        assert chance.mean_experts == pytest.approx(adaptive.mean_experts, abs=0.03)
        assert top_2.validations[0] == pytest.approx(adaptive.validations[0], rel=0.1)  # equal weights, another gating
        assert [step for step, _ in top_2.validations] == list(range(0, 111, 10))
        assert [moment.step for moment in top_2.moments] == list(range(10, 111, 10))
        assert top_2.moments[-1].tokens == pytest.approx(110 * 128 * (1 - top_2.padding_share), rel=0.1)
        assert top_2.moments[-1].flops > adaptive.moments[-1].flops
        assert top_2.top_1
        assert top_2.trained.quality["loss"] != top_2.top_1.quality["loss"]
    printed = capsys.readouterr()
    *lines, report = printed.out.splitlines()
    assert len(lines) == 6
    for number, line in enumerate(lines, 1):
        assert re.fullmatch(rf"{number} of 6: \w+, seed [01]: perplexity [\d.]+; \d+:\d\d:\d\d left", line)
    assert report.endswith("out/report.html")
    assert not printed.err
    assert "`random_share`" in Path("out/report.md").read_text()
    schema = Results.model_json_schema()
    assert {"task", "runs", "where"} <= set(schema["required"])


def cut(arguments: list[str], folder: str, validation: int, number: int = signal.SIGKILL) -> None:
    """Send a comparison and its run a signal as soon as the second scheme has validated at that step."""
    command = [sys.executable, str(ROOT / "compare.py"), *arguments, f"--folder={folder}"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    log = Path(f"{folder}/adaptive/seed_0/version_0/metrics.jsonl")
    while not (log.exists() and f'"step": {validation - 1}, "val/' in log.read_text()):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number)
    assert process.wait() == (-number if number == signal.SIGKILL else 128 + number)
    assert list(read(Path(folder)).runs) == ["top_2"]


@pytest.mark.slow
@pytest.mark.soak
def test_an_interrupted_comparison_goes_on_to_the_same_results(arguments: list[str]) -> None:
    """Cut behind the first validation, from where it begins anew; and behind the checkpoint of step 100."""
    arguments = [*arguments[:-1], "adaptive", "--seeds=1"]
    cut(arguments, "cut", 10)
    compare.main([*arguments, "--folder=cut"])
    whole = Path("cut/results.json").read_text()
    compare.main([*arguments, "--folder=cut"])
    assert Path("cut/results.json").read_text() == whole
    results = json.loads(whole)
    del results["runs"]["adaptive"]
    results["where"]["date"] = "2026-01-31"
    Path("again").mkdir()
    Path("again/results.json").write_text(json.dumps(results))
    cut(arguments, "again", 100)
    compare.main([*arguments, "--folder=again"])
    again, at_once = (json.loads(text) for text in (Path("again/results.json").read_text(), whole))
    assert again["where"].pop("date") == f"2026-01-31, {at_once['where'].pop('date')}"
    assert without_times(again) == without_times(at_once)


@pytest.mark.slow
@pytest.mark.soak
def test_ctrl_c_saves_the_run_that_is_under_way(arguments: list[str]) -> None:
    """Its terminal tells both, and the run has two signals, of which either may be the first that it sees."""
    cut([*arguments[:-1], "adaptive", "--seeds=1"], "cut", 10, signal.SIGINT)
    log = Path("cut/adaptive/seed_0.log").read_text()
    said = re.search(r"SIG(?:INT|TERM): the run has ended after step (\d+)", log)
    assert said
    last = torch.load("cut/adaptive/seed_0/version_0/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == int(said[1]) >= 10


def test_a_program_that_comes_to_nothing_is_told(tmp_path: Path) -> None:
    usual = signal.getsignal(signal.SIGTERM)
    log = tmp_path / "dense" / "seed_0.log"
    assert ended([sys.executable, "-c", "print('no room'); raise SystemExit(3)"], log) == (3, "no room\n")
    assert log.read_text() == "no room\n"
    assert ended([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], log) == (-signal.SIGKILL, "")
    program = f"import os, signal, time; os.kill({os.getpid()}, signal.SIGTERM); time.sleep(60)"
    with pytest.raises(SystemExit) as end:
        ended([sys.executable, "-c", program], tmp_path / "top_1" / "seed_0.log")
    assert end.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is usual


def test_a_checkpoint_that_cannot_be_read_is_told_with_the_reason(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runs, "read_trained", lambda *_: refuse("it is damaged"))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/best.ckpt").touch()
    (tmp_path / "metrics.jsonl").write_text('{"step": 9, "train/loss": 1, "time/step_ms": 1, "val/perplexity": 2}')
    with pytest.raises(RunError, match=r"cannot be read \(it is damaged\); to train it again, remove"):
        measured(compare.asked(arguments), tmp_path, "perplexity", [])
    assert not capsys.readouterr().err


def test_results_keep_what_is_no_number_and_those_that_cannot_be_read_are_told(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    overflown = made.results({"top_2": [made.run(quality=math.inf)]})
    assert Results.model_validate_json(overflown.model_dump_json()) == overflown
    Path("out").mkdir()
    Path("out/results.json").write_text('{"task": "text_completion"}')
    said = refused(capsys, *arguments, "--folder=out")
    assert said.endswith("out/results.json cannot be read; choose another --folder\n")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        compare.main(list(arguments))
    assert end.value.code == 2
    return capsys.readouterr().err


def test_what_cannot_be_compared_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "task is poetry, and configs/tasks has no such file; choose from dialogue," in refused(
        capsys, "--task=poetry"
    )
    Path("few.yaml").write_text("trainer: {callbacks: [{class_path: StepTimer}]}\n")
    for option, words in {
        "--schemes=best": "schemes is best, which is none; choose from dense,",
        "--seeds=0": "seeds is 0; choose 1 or more",
        "--target=1.5": "target is 1.5; it is a part of the steps",
        "--model.gating.thresold=1": "is not accepted",
        "--model.moe.num_experts=0": "num_experts is 0; it must be at least 1",
        "--checkpoint.monitor=train/loss": "checkpoint.monitor is train/loss, and schemes are compared by a metric of",
        "--data.seed=3": "--data.seed=3 is what the comparison sets for each run; leave it out",
        "--trainer.logger.save_dir=x": "--trainer.logger.save_dir=x is what the comparison sets",
        "--config=few.yaml": "DataMonitor is not among the callbacks, and a comparison measures by it",
        "--folder=tiny.yaml": "File exists: '",
    }.items():
        assert words in refused(capsys, *arguments, option)
    assert not Path("comparisons").exists()


def test_a_comparison_goes_on_with_nothing_else(arguments: list[str], corpus: Path, tmp_path: Path) -> None:
    """That is kept before its first run. Data is told by its contents: here by the order of one text's words."""
    texts = tmp_path / "texts.jsonl"
    shutil.copy(corpus, texts)
    asked = compare.asked([*arguments, f"--data.corpus.path={texts}", "--folder=out"])
    next(begin(asked))
    with pytest.raises(RunError, match=r"options is .*dim=48.* choose another --folder"):
        next(begin(replace(asked, options=[*asked.options, "--model.dim=48"])))
    first, *others = texts.read_text().splitlines()
    start, *words, end = json.loads(first)["text"].split()
    assert words != words[::-1]
    texts.write_text("\n".join([json.dumps({"text": " ".join([start, *words[::-1], end])}), *others]) + "\n")
    with pytest.raises(RunError, match=r"data is Texts, samples: .* choose another --folder"):
        next(begin(asked))


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_that_diverges_is_recorded_and_the_others_go_on(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCHEMES, "adaptive", Scheme("far too fast", ("--model.optimizer.lr=1e30",)))
    with pytest.raises(SystemExit, match="2 runs failed"):
        compare.main([*arguments[:-1], "top_1", "random_share", "--seeds=1", "--folder=out"])
    runs = read(Path("out")).runs
    assert [name for name, each in runs.items() if isinstance(each[0], Run)] == ["top_1", "top_2"]
    assert "the gradient is not finite in step 2" in str(runs["adaptive"][0])
    assert "it takes its compute from the adaptive run, which failed" in str(runs["random_share"][0])
    assert "## Failed runs" in Path("out/report.md").read_text()
    assert "other options" not in capsys.readouterr().err
    said = refused(capsys, *arguments, "--seeds=1", "--folder=out", "--data.vocab_size=290")
    assert "and out has runs with" in said.replace(str(Path().absolute()) + "/", "")
    assert "choose another --folder" in said
