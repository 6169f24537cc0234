"""What watching costs: the step of a run with all callbacks against that of a run with none, in turn.

python benchmarks/callbacks.py
python benchmarks/callbacks.py --pairs 9 --json callbacks.json

Text completion at its defaults, with the model of `configs/size/tiny.yaml`, and with that model and batches of 256
tokens, where a step is little more than Python; validations apart, which `RoutingAnalysis` alone makes longer.
"""

import argparse
import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(ROOT / "{{cookiecutter.project_slug}}" / "src"), str(Path(__file__).parent)]

from measure import ratios, where

from adaptive_moe.callbacks import (
    Dashboard,
    DataMonitor,
    ExpertLoadBalancer,
    FiniteGuard,
    RoutingAnalysis,
    RunLogger,
    StepTimer,
)
from adaptive_moe.cli.quiet import quiet
from adaptive_moe.data import PythonDocs, Random, TextDataModule
from adaptive_moe.moe import MoEConfig, Threshold
from adaptive_moe.tasks import TextCompletion

WATCHING = (FiniteGuard, ExpertLoadBalancer, RoutingAnalysis, DataMonitor, StepTimer, Dashboard)
TINY = {"dim": 24, "num_layers": 2, "num_heads": 2, "moe": MoEConfig(4, 16)}
SETTINGS: dict[str, tuple[int, dict[str, Any], dict[str, Any], float]] = {  # steps, model, data, goal
    "default": (60, {}, {}, 0.01),
    "tiny": (150, TINY, {}, 0.03),
    "tiny, 256 tokens": (
        400,
        {**TINY, "vocab_size": 300},
        {"vocab_size": 300, "context_length": 64, "batch_size": 4},
        0.03,
    ),
}


class Clock(Callback):
    """Seconds from the beginning of one step to that of the next."""

    def __init__(self) -> None:
        self.starts: list[float] = []

    def on_train_batch_start(self, *_: Any) -> None:
        """Of a step."""
        self.starts.append(time.perf_counter())

    @property
    def mean(self) -> float:
        """Of all but the first ten, since what is logged now and then belongs to it."""
        return (self.starts[-1] - self.starts[10]) / (len(self.starts) - 11)


def step_seconds(setting: str, callbacks: Sequence[Callback], folder: Path) -> float:
    """Of one run."""
    steps, model, data, _ = SETTINGS[setting]
    torch.manual_seed(0)
    optimizer = functools.partial(torch.optim.AdamW, lr=0.002)
    task = TextCompletion(gating=Threshold(0.1, "renormalised"), optimizer=optimizer, **model)
    clock = Clock()
    trainer = Trainer(
        max_steps=steps,
        accelerator="cpu",
        logger=RunLogger(str(folder), name=setting, default_hp_metric=False),
        log_every_n_steps=10,
        limit_val_batches=0,
        callbacks=[*callbacks, clock],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
    )
    trainer.fit(task, datamodule=TextDataModule(PythonDocs(), Random(), cache_dir=str(folder / "data"), **data))
    return clock.mean


def main() -> None:
    """A line for each setting, and all of it if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    quiet()
    figures: dict[str, Any] = {"where": where("cpu") | {"threads": str(torch.get_num_threads())}}
    with tempfile.TemporaryDirectory() as name:
        for setting, (*_, goal) in SETTINGS.items():
            runs = [
                [step_seconds(setting, callbacks, Path(name)) for callbacks in ([each() for each in WATCHING], [])]
                for _ in range(arguments.pairs + 1)
            ][1:]
            low, median, high = ratios(*map(list, zip(*runs, strict=True)))
            bare = statistics.median(without for _, without in runs)
            words = "reached" if median - 1 <= goal else "missed"
            figures[setting] = {"ms": 1000 * bare, "low": low, "median": median, "high": high, "goal": 1 + goal}
            print(
                f"{setting}: a step of {1000 * bare:.1f} ms, with all callbacks {median:.3f} ({low:.3f} to {high:.3f})"
            )
            print(f"  goal {1 + goal:.2f}: {words}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
