"""Every task with a small model and a few rows, the same in every split."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml

from adaptive_moe import tasks
from adaptive_moe.data import (
    Dialogues,
    LabelledTexts,
    Order,
    Questions,
    Random,
    TextDataModule,
    TextPairs,
    Texts,
)
from adaptive_moe.moe import MoEConfig, Threshold

CONFIGS = Path(__file__).parents[2] / "configs"
WORDS = ["red", "blue", "green", "black", "white", "grey", "brown", "pink"]
SIZE = 12
Row = dict[str, Any]


def sentence(i: int) -> str:
    """Of another length each."""
    return " ".join(WORDS[j % 8] for j in range(i, 2 * i + 2))


CORPORA: dict[str, tuple[type[Any], Callable[[int], Row]]] = {
    "sentiment": (LabelledTexts, lambda i: {"text": sentence(i), "label": i % 2}),
    "translation": (TextPairs, lambda i: {"source": sentence(i), "target": sentence(11 - i if i % 3 else i)}),
    "summarisation": (TextPairs, lambda i: {"source": sentence(i), "target": f"{WORDS[i % 8]} {WORDS[(i + 1) % 8]}"}),
    "question_answering": (
        Questions,
        lambda i: {"question": "which?", "context": sentence(i), "answers": [WORDS[i % 8]], "starts": [0]},
    ),
    "text_completion": (Texts, lambda i: {"text": sentence(i)}),
    "dialogue": (Dialogues, lambda i: {"turns": [sentence(i), "yes", WORDS[i % 8], sentence(11 - i)]}),
}
OPTIONS: dict[str, Row] = {"sentiment": {"labels": ["even", "odd"]}}


def arguments(room: str, name: str) -> dict[str, Any]:
    """What a config says of the model and of the data."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS / room / f"{name}.yaml").read_text())
    return config


def made(part: Any, room: Any) -> Any:
    """What the config names; `room` has the class."""
    return getattr(room, part["class_path"])(**part.get("init_args", {}))


def kind(name: str) -> type[tasks.Task]:
    """The class that the task's config names."""
    chosen: type[tasks.Task] = getattr(tasks, arguments("tasks", name)["model"]["class_path"])
    return chosen


def task(name: str, **options: Any) -> tasks.Task:
    """The model, which logs nothing."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 300, "dim": 24, "num_layers": 2, "num_heads": 2, "moe": MoEConfig(4, 16)}
    optimizer = functools.partial(torch.optim.AdamW, lr=0.01)
    module = kind(name)(**{"gating": Threshold(0.1), "optimizer": optimizer, **sizes, **options})
    module.log = module.log_dict = lambda *_, **__: None  # type: ignore[assignment, method-assign]
    return module


def write(name: str, folder: Path) -> Path:
    """A file for each split, once."""
    if not folder.exists():
        folder.mkdir()
        for split in ("train", "validation", "test"):
            rows = [json.dumps(CORPORA[name][1](i)) + "\n" for i in range(SIZE)]
            (folder / f"{split}.jsonl").write_text("".join(rows))
    return folder


def data(name: str, folder: Path, order: Order | None = None, **options: Any) -> TextDataModule:
    """The rows as the task's config has them, four or fewer in a batch."""
    corpus = CORPORA[name][0](path=str(write(name, folder / name)), **OPTIONS.get(name, {}))
    config = arguments("tasks", name)["data"]["init_args"]
    sizes = {"vocab_size": 300, "context_length": 32, "batch_size": 4, "token_budget": None}
    settings = {**config, "cache_dir": str(folder / "cache"), **sizes, **options}
    module = TextDataModule(**{**settings, "corpus": corpus, "order": order or Random()})
    module.setup("fit")
    return module
