"""One run after the other, each in a process of its own."""

import contextlib
import datetime
import io
import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from ..atomic import replace
from ..callbacks.graceful_stop import SIGNALS
from ..errors import RunError
from . import logged
from .asked import Asked, short
from .checks import begun, joined
from .compared import finished
from .inference import read_trained
from .results import Failed, Results, Run

REASON = re.compile(r"error: (.*)")  # why a program of this project has ended


def compare(asked: Asked) -> Iterator[Results]:
    """What there is before the first run, and after each; what earlier calls have finished is not repeated.

    Raises:
        RunError: The folder has runs of something else.
    """
    results, here = begun(asked)
    keep(asked, results)
    yield results
    todo = [(name, seed) for name, seed in asked.runs() if seed not in finished(results, name)]
    started = time.monotonic()
    for number, (name, seed) in enumerate(todo, 1):
        print(f"{number} of {len(todo)}: {name}, seed {seed}", end="", flush=True)
        done = run(asked, name, seed, results)
        results.runs.setdefault(name, {})[seed] = done
        results.where.update(joined(results.where, here))
        keep(asked, results)
        words = f"{results.metric} {done.validations[-1][1]:.4g}" if isinstance(done, Run) else f"failed, {done.failed}"
        seconds = (time.monotonic() - started) / number * (len(todo) - number)
        print(f": {words}; {datetime.timedelta(seconds=round(seconds))} left", flush=True)
        yield results


def keep(asked: Asked, results: Results) -> None:
    """Before the first run too: one that was interrupted says by it what it was begun with."""
    asked.folder.mkdir(parents=True, exist_ok=True)
    replace(asked.folder / "results.json", results.model_dump_json(indent=1) + "\n")


def run(asked: Asked, name: str, seed: int, results: Results) -> Run | Failed:
    """Train, or go on where an interrupted run was; and look at what came of it."""
    adaptive = finished(results, "adaptive").get(seed)
    options = asked.arguments(name, (adaptive.mean_experts or 1.0) if adaptive else 0.0)
    try:
        if asked.schemes[name].needs_adaptive and not adaptive:
            raise RunError("it takes its compute from the adaptive run, which failed")
        return measured(asked, train(asked, name, seed, options), results.metric, short(options))
    except RunError as error:
        return Failed(options=short(options), failed=str(error))


def train(asked: Asked, name: str, seed: int, options: list[str]) -> Path:
    """The folder of a run that came to its end.

    Raises:
        RunError: It did not; the last that it said.
    """
    place = {"save_dir": asked.folder / name, "name": f"seed_{seed}", "version": 0}  # 0 also where a first try was cut
    command = [
        sys.executable,
        str(asked.program),
        "fit",
        *options,
        *(f"--trainer.logger.{key}={value}" for key, value in place.items()),
        f"--seed_everything={seed}",
        f"--data.seed={seed}",
        "--ckpt_path=last",
    ]
    code, output = ended(command, asked.folder / name / f"seed_{seed}.log")
    if code:
        killed = [f"signal {-code} has ended it"] if code < 0 else []
        said = REASON.findall(output) or killed or output.splitlines() or ["it said nothing"]
        raise RunError(said[-1])
    return asked.folder / name / f"seed_{seed}" / "version_0"


def ended(command: list[str], log: Path) -> tuple[int, str]:
    """Exit code and output of a program; the log has what it says, as it says it.

    Raises:
        SystemExit: A signal has come meanwhile; the program was told too, so that it saves, and has ended.
    """
    signals: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        signals.append(number)
        program.terminate()  # no second SIGINT, where a terminal has sent one to both

    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8", buffering=1) as said,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as program,
    ):
        usual = {number: signal.signal(number, pass_on) for number in SIGNALS}
        assert program.stdout
        said.writelines(program.stdout)
    for number, handler in usual.items():
        signal.signal(number, handler)
    if signals:
        print("\nInterrupted; the same command goes on.", flush=True)
        raise SystemExit(128 + signals[0])
    return program.returncode, log.read_text("utf-8")


def measured(asked: Asked, folder: Path, metric: str, options: list[str]) -> Run:
    """What a run has logged, and what its best checkpoint is worth.

    Raises:
        RunError: There is nothing to measure, or it diverged.
    """
    if lost := logged.diverged(folder, metric):
        raise RunError(f"its {lost[1]} is not finite at step {lost[0]}")
    table = logged.table(folder)
    if not (folder / "checkpoints/best.ckpt").exists() or "time/step_ms" not in table:
        raise RunError("it is too short: lower --trainer.log_every_n_steps and --trainer.val_check_interval")
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):  # which checkpoint it reads would stand within the line of progress
            trained, top_1 = read_trained(asked.main, folder)
    except (SystemExit, RuntimeError) as error:
        reason = (REASON.findall(said.getvalue()) or [error])[-1]
        raise RunError(f"its best checkpoint cannot be read ({reason}); to train it again, remove {folder}") from error
    if not math.isfinite(trained.quality[metric]):
        raise RunError(f"its test/{metric} is not finite")
    return Run(
        options=options,
        moments=logged.moments(table),
        validations=logged.validations(table, metric),
        step_ms=logged.mean(table, "time/step_ms"),
        padding_share=logged.mean(table, "data/padding_share"),
        moe_share=logged.mean(table, "time/moe_share"),
        mean_experts=logged.mean(table, "routing/experts_per_token") or None,
        experts_per_token=logged.experts_per_token(table),
        trained=trained,
        top_1=top_1,
    )
