"""What a run has logged, from its `metrics.jsonl`."""

import json
from pathlib import Path

import pandas

from ..model import TRAINING
from .results import Moment

PER_LAYER = r"^routing/((?:encoder_|decoder_)?layer_\d+)/experts_per_token$"


def table(folder: Path) -> pandas.DataFrame:
    """A row for each number of steps done, a column for each tag; where a run that went on repeats some, the last."""
    lines = pandas.read_json(folder / "metrics.jsonl", lines=True)
    return lines.groupby("step").last().rename(index=lambda step: step + 1)


def moments(logged: pandas.DataFrame) -> list[Moment]:
    """At each log that the timer has taken part in."""
    logged = logged.dropna(subset=["time/step_ms"])
    steps = logged.index.to_series()
    since = steps.diff().fillna(steps.iloc[0])
    seconds = since * logged["time/step_ms"] / 1000
    tokens = since * logged["data/tokens_per_step"]
    flops = TRAINING * tokens * logged["routing/flops_per_token"]
    columns = (column.cumsum().round(4) for column in (seconds, tokens, flops))
    return [
        Moment(step=step, seconds=passed, tokens=read, flops=spent)
        for step, passed, read, spent in zip(steps, *columns, strict=True)
    ]


def validations(logged: pandas.DataFrame, metric: str) -> list[tuple[int, float]]:
    """Step and value."""
    return [(int(step) - (step == 1), float(value)) for step, value in logged[f"val/{metric}"].dropna().items()]


def diverged(folder: Path, metric: str) -> tuple[int, str] | None:
    """The step at which something was first no number, which is null in the file: the loss of training, or the metric.

    None if both were numbers throughout; the untrained model's do not count.
    """
    last: dict[tuple[int, str], float | None] = {}
    for line in map(json.loads, (folder / "metrics.jsonl").read_text("utf-8").splitlines()):
        last |= {(line["step"] + 1, tag): line[tag] for tag in ("train/loss", f"val/{metric}") if tag in line}
    return min((key for key, value in last.items() if value is None and key[0] > 1), default=None)


def mean(logged: pandas.DataFrame, tag: str) -> float:
    """Over the logs; 0 where there is nothing."""
    return float(logged[tag].mean()) if tag in logged else 0.0


def experts_per_token(logged: pandas.DataFrame) -> dict[str, float]:
    """Mean over the logs, by layer."""
    means = logged.filter(regex=PER_LAYER).mean()
    return {str(tag).split("/")[1]: float(value) for tag, value in means.items()}
