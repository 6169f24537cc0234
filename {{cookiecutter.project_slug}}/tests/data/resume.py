"""A run, the same run killed, and what went on from its last checkpoint."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from ..conftest import TRAIN, start
from .trace import read

COMPLEXITY = ["--trainer.callbacks+=RoutingDifficulty", "--data.order=Complexity"]
PADDED = ["--data.packing=false", "--data.batch_size=null", "--data.token_budget=160"]
STEERED = [
    "--trainer.callbacks+=ComputeBudget",
    "--trainer.callbacks.experts_per_token=1.3",
    "--model.moe.selection_bias=true",
]
PACED = ["--data.order.start_share=0.5", "--data.order.full_after=2", "--data.order.temperature=0.1"]
TWO = ["--trainer.devices=2", "--trainer.strategy=ddp"]


def options(corpus: Path) -> list[str]:
    """Three epochs of about ten batches; a checkpoint after every step."""
    return [
        "--data.corpus=Texts",
        f"--data.corpus.path={corpus}",
        "--trainer.max_steps=-1",
        "--trainer.max_epochs=3",
        "--trainer.num_sanity_val_steps=0",
        "--trainer.val_check_interval=5",
        "--trainer.log_every_n_steps=1",
        "--model.warmup_steps=2",  # behind them, the learning rate depends on the length of the run
        "--trainer.callbacks+=LastCheckpoint",
        "--trainer.callbacks.every_n_train_steps=1",
    ]


def traced(name: str, kill_at: int = -1, hard: bool = False) -> list[str]:
    """A folder and a trace of this name."""
    return [
        "--trainer.callbacks+=tests.data.trace.Trace",
        f"--trainer.callbacks.file={name}",
        f"--trainer.callbacks.kill_at={kill_at}",
        f"--trainer.callbacks.hard={hard}".lower(),
        f"--trainer.logger.name={name.removesuffix('-on')}",
    ]


def kept(folder: str) -> list[str]:
    """A checkpoint of every step, of every validation, and of the end of every epoch."""
    kinds = {
        "step": ["every_n_train_steps=1", "save_on_train_epoch_end=false"],
        "validation": ["every_n_epochs=1", "save_on_train_epoch_end=false", "monitor=val/loss"],
        "end": ["every_n_epochs=1", "save_on_train_epoch_end=true", "monitor=train/loss"],
    }
    chosen = []
    for kind, settings in kinds.items():
        own = [f"dirpath={folder}", f"filename={kind}-" + "{step}", "auto_insert_metric_name=false", "save_top_k=-1"]
        options = [f"--trainer.callbacks.{setting}" for setting in (*settings, *own)]
        chosen += ["--trainer.callbacks+=ModelCheckpoint", *options]
    return chosen


def process(folder: Path, *arguments: str) -> str:
    """`train.py fit` as its user starts it, which may start others; what it has said."""
    done = start(folder, TRAIN, "fit", *arguments)
    assert done.returncode in (0, 9), done.stderr[-3000:]
    return done.stdout + done.stderr


def epoch_ends(trace: list[dict[str, Any]]) -> list[int]:
    """The batch that begins each epoch but the first."""
    batches = [line for line in trace if "epoch" in line]
    return [b["batch"] for a, b in pairwise(batches) if a["epoch"] != b["epoch"]]


def assert_same_end(whole: str, resumed: str, rank: int = 0) -> None:
    """From the first batch of the resumed run on, both did the same: batches, losses, validations, weights."""
    first, second = read(whole, rank), read(resumed, rank)
    assert 0 < len(second) < len(first)
    assert second == first[len(first) - len(second) :]
