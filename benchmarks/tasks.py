"""The six tasks at their defaults: how long a run takes, what it reaches on the test split, and what must be beaten.

python benchmarks/tasks.py --runs /tmp/tasks
python benchmarks/tasks.py --runs /tmp/tasks --tasks sentiment translation --json tasks.json

A run that lies there already is not trained again. With OMP_NUM_THREADS=1 the processor's seconds of a run are what it
takes on one core that does nothing else, and so the most that it takes on two.
"""

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]

import train
from measure import where
from yardsticks import YARDSTICKS


def main() -> None:
    """Print each task's row as soon as it is there, and keep all if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=YARDSTICKS, default=list(YARDSTICKS))
    parser.add_argument("--runs", type=Path, required=True, help="where the runs go")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    setting = where("cpu") | {"threads": str(torch.get_num_threads())}
    print(*(f"{key}: {value}" for key, value in setting.items()), sep="\n")
    rows = {}
    for task in arguments.tasks:
        rows[task] = row(task, arguments.runs.absolute() / task)
        print(f"\n{task}", *(f"  {name}: {value}" for name, value in rows[task].items()), sep="\n", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"where": setting, "tasks": rows}, indent=1) + "\n")


def processor_seconds() -> float:
    """Of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(task: str, folder: Path) -> dict[str, Any]:
    """Train, test the best checkpoint, and measure what needs no network."""
    options = ["--config", f"{PROJECT}/configs/tasks/{task}.yaml"]
    options += [f"--trainer.logger.init_args.save_dir={folder}", f"--data.cache_dir={folder.parent}/data"]
    times = folder / "seconds.json"
    if not times.exists():
        start, spent = time.perf_counter(), processor_seconds()
        subprocess.run([sys.executable, PROJECT / "train.py", "fit", *options], check=True)
        took = {"wall": round(time.perf_counter() - start), "processor": round(processor_seconds() - spent)}
        times.write_text(json.dumps(took))
    with contextlib.redirect_stdout(io.StringIO()):
        made = train.main(["test", *options, "--ckpt_path=best"])
    reached = {tag.removeprefix("test/"): float(value) for tag, value in made.trainer.callback_metrics.items()}
    goal = YARDSTICKS[task](made.datamodule)
    value = reached[goal.metric]
    beaten = value < goal.bar if goal.metric == "perplexity" else value > goal.bar
    return {
        "seconds of `fit`": json.loads(times.read_text()),
        **{name: round(value, 4) for name, value in reached.items()},
        **goal.known,
        "goal": f"{goal.metric} {value:.3f}, bar {goal.bar:.3f}: {'reached' if beaten else 'missed'}",
    }


if __name__ == "__main__":
    main()
