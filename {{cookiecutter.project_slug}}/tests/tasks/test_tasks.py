"""Each task through the command line: it trains, evaluates, predicts, and learns eight examples by heart."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Run, called

pytestmark = pytest.mark.slow
CONFIGS = Path(__file__).parents[2] / "configs"
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "sentiment": ({"text": "a film of some length"}, "label"),
    "translation": ({"source": "a + b"}, "translation"),
    "question_answering": ({"question": "what is b?", "context": "a is one and b is two"}, "answer"),
    "summarisation": ({"source": "def area(side): return side * side"}, "summary"),
    "text_completion": ({"text": "Return the"}, "completion"),
    "dialogue": ({"turns": ["1 + 1"]}, "reply"),
}
WORDS = ["red", "blue", "green", "black", "white", "grey", "brown", "pink"]
EIGHT: dict[str, tuple[str, list[dict[str, Any]], dict[str, float]]] = {
    "sentiment": (
        "LabelledTexts",
        [{"text": f"it is {word}", "label": number % 2} for number, word in enumerate(WORDS)],
        {"accuracy": 1, "f1": 1},
    ),
    "translation": (
        "TextPairs",
        [{"source": f"it is {word}", "target": f"c'est la {word[::-1]} que tu vois"} for word in WORDS],
        {"exact_match": 1, "bleu": 0.99},
    ),
    "question_answering": (
        "Questions",
        [
            {"question": f"what is {word}?", "context": f"red one, {word} two", "answers": ["two"], "starts": [10 + i]}
            for word in WORDS
            for i in [len(word)]
        ],
        {"exact_match": 1, "f1": 1},
    ),
    "summarisation": (
        "TextPairs",
        [{"source": f"it is {word}, and more", "target": f"a {word} thing"} for word in WORDS],
        {"rouge1": 1, "rouge2": 1, "rougeL": 1},
    ),
    "dialogue": ("Dialogues", [{"turns": [f"say {word}", f"{word} it is"]} for word in WORDS], {"f1": 1}),
}


@pytest.fixture
def corpus_of(tmp_path: Path) -> Any:
    """Options that name eight rows, the same in every split."""

    def write(task: str) -> list[str]:
        name, rows, _ = EIGHT[task]
        for split in ("train", "validation", "test"):
            (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        labels = ["--data.corpus.labels=[even,odd]"] if task == "sentiment" else []
        return [f"--data.corpus={name}", f"--data.corpus.path={tmp_path}", *labels]

    return write


SEEN = ("text_completion", "sentiment", "translation")  # one of each architecture


def seen(tasks: Iterable[str]) -> list[Any]:
    """The rest are soaked."""
    return [pytest.param(each, marks=[] if each in SEEN else pytest.mark.soak) for each in tasks]


@pytest.mark.parametrize("task", seen(ASKED))
def test_it_trains_evaluates_and_answers(
    task: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = [f"--config={CONFIGS}/tasks/{task}.yaml", "--data.batch_size=4", "--data.token_budget=null"]
    config += ["--model.max_new_tokens=4"] if task not in ("sentiment", "question_answering") else []
    fitted = run("fit", *config, "--trainer.max_steps=2", "--trainer.val_check_interval=1")
    assert fitted.trainer.global_step == 2
    assert (tmp_path / f"runs/{task}/version_0/checkpoints/best.ckpt").exists()
    (best,) = called(fitted, "ModelCheckpoint")
    monitor = best.monitor
    assert monitor in run("validate", *config, "--ckpt_path=last").trainer.callback_metrics
    assert monitor.replace("val", "test") in run("test", *config, "--ckpt_path=last").trainer.callback_metrics
    asked, answer = ASKED[task]
    (tmp_path / "asked.jsonl").write_text(json.dumps(asked) + "\n" + json.dumps(asked) + "\n")
    capsys.readouterr()
    run("predict", *config, "--ckpt_path=last", "--data.inputs=asked.jsonl")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert len(lines) == 2
    for line in lines:
        assert asked.items() <= line.items()
        assert isinstance(line[answer], str)


@pytest.mark.parametrize("task", seen(EIGHT))
def test_it_learns_eight_examples_by_heart(task: str, run: Run, corpus_of: Any) -> None:
    options = [f"--config={CONFIGS}/tasks/{task}.yaml", *corpus_of(task), "--data.batch_size=8"]
    options += ["--data.token_budget=null", "--trainer.max_steps=220", "--trainer.val_check_interval=220"]
    options += ["--trainer.check_val_every_n_epoch=null", "--trainer.num_sanity_val_steps=0", "--trainer.max_epochs=-1"]
    options += ["--model.optimizer.lr=0.01", "--model.warmup_steps=5", "--trainer.limit_val_batches=1.0"]
    options += ["--trainer.log_every_n_steps=1"]
    options += ["--model.temperature=0"] if task not in ("sentiment", "question_answering") else []
    metrics = run("fit", *options).trainer.callback_metrics
    assert metrics["val/loss"] < 0.1
    for name, goal in EIGHT[task][2].items():
        assert metrics[f"val/{name}"] >= goal, name
