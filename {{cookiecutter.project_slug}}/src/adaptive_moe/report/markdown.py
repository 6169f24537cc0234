"""The report in Markdown, whichever runs are there."""

import math
import shlex
import statistics
from collections.abc import Sequence

from ..callbacks.analysis.table import markdown_row
from .compared import COSTS, Against, against, finished, score
from .estimate import Estimate
from .results import Failed, Mode, Results
from .schemes import REFERENCE, SCHEMES

NOTES = """\
- Seeds are paired: with one seed, schemes begin with equal weights where they have the same, and read the same data,
  each in its order: in as many steps an order may read more tokens, or fewer.
- ± is the standard deviation over the seeds. An interval, in parentheses, is that of Student's t over the seeds' pairs,
  95 %. **Better** and **worse** stand where it excludes equality, which one of twenty figures of equal schemes would do
  by chance, and a table has dozens; where nothing stands, these runs do not tell.
- The target is a value of the metric on the validation split: {reference}'s after {target:.0%} of its steps (the mean
  of its validations around that point), seed by seed. Who has it in one validation has reached it; one that the
  untrained model has already counts as not reached.
- Time is that of the training steps. Its floor is what a step could take at least by the experts that it saves,
  1 - f (1 - k / k'), with f the MoE layers' part of the other's step, and k and k' the experts per token of both. A
  step below it is marked, and not called better if its whole interval lies there: that has another reason. A dense
  model's layers read padding, which experts skip: its step has more to do.
- FLOPs are the model's, with the experts that were used. Quality is that of the best checkpoint, on the test split.
"""


def markdown(results: Results) -> str:
    """All of it, but for the pictures."""
    names = [name for name in SCHEMES if name in results.runs]
    others = controls(names)
    parts = [
        f"# {results.task.replace('_', ' ').capitalize()}: schemes of gating and order compared",
        f"{extent(results)} {results.data}. {setting(results)}",
        f"Options of every run: `{shlex.join(results.options) or 'none'}`.",
        f"## Against {REFERENCE}",
        table(results, [(name, REFERENCE) for name in names]),
        *(["## Against their controls", table(results, others)] if others else []),
        "![Curves](curves.png)\n\n![Ratios](ratios.png)",
        "## Experts per token",
        layers(results, names),
        "## Inference",
        "With the gating of training, and with one expert for each token.",
        inference(results, names),
        failures(results),
        "## How to read this",
        NOTES.format(reference=REFERENCE, target=results.target),
        "## What each is",
        "\n".join(f"- `{name}`: {SCHEMES[name].text}" for name in names),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def controls(names: Sequence[str]) -> list[tuple[str, str]]:
    """Those that are held against another scheme than the reference, and that one."""
    return [(name, SCHEMES[name].control) for name in names if SCHEMES[name].control != REFERENCE]


def extent(results: Results) -> str:
    """How many runs, and how long."""
    runs = [run for name in results.runs for run in finished(results, name).values()]
    steps = max((run.validations[-1][0] for run in runs), default=0)
    seeds = max((len(finished(results, name)) for name in results.runs), default=0)
    return f"{len(runs)} runs, {seeds} seeds, {steps:,} steps each."


def setting(results: Results) -> str:
    """Where and when."""
    return "; ".join(f"{key}: {value}" for key, value in results.where.items()) + "."


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    return "\n".join(map(markdown_row, [head, ["---"] * len(head), *rows]))


def table(results: Results, whom: Sequence[tuple[str, str]]) -> str:
    """One row for each scheme and what it is held against."""
    step, *others = COSTS.values()
    spent = [step, "its floor", *(f"{name} to the target" for name in others)]
    head = ["scheme", results.metric, "difference", "experts per token", "padding", "million tokens", *spent]
    return grid(head, [line(results, name, other) for name, other in whom])


def line(results: Results, name: str, other: str) -> list[str]:
    """One scheme."""
    runs = list(finished(results, name).values())
    told = against(results, name, other)
    own = name == other
    step, *others = (cost(told, key, own) for key in COSTS)
    return [
        f"`{name}`",
        over([score(results, run) for run in runs], "{:.3g}"),
        "" if own else quality(told, results.mode),
        over([run.mean_experts for run in runs], "{:.2f}"),
        over([run.padding_share for run in runs], "{:.0%}"),
        over([run.moments[-1].tokens / 1e6 for run in runs], "{:.2f}"),
        step,
        "" if own or told.floor is None else f"{told.floor:.2f}",
        *others,
    ]


def cost(told: Against, key: str, own: bool = False) -> str:
    """A ratio; of what the others are held against, the figure itself."""
    values = [each[key] for each in told.spent.values() if key in each]
    if own and values:
        unit = {"step_ms": " ms", "seconds": " s"}.get(key, "")
        return over(values, "{:.3g}") + unit + missing(len(values), told.seeds)
    if key not in told.ratios and values:
        return f"not comparable{missing(0, told.seeds)}"
    if key not in told.ratios:
        return f"not reached{missing(0, len(told.spent))}" if told.spent and key == "steps" else ""
    gap = missing(told.ratios[key].values, told.seeds)
    least = told.floor - 0.005 if key == "step_ms" and told.floor is not None else 0.0
    warning = " (below the floor)" if told.ratios[key].mean < least else ""
    in_doubt = gap or told.ratios[key].high < min(least, 1)  # seeds that did not reach it may be the bad ones
    beyond = 0 if in_doubt else told.ratios[key].beyond(1)
    return words(told.ratios[key], -beyond, "{:.2f}") + warning + gap


def quality(told: Against, mode: Mode) -> str:
    """A difference of the metric, if there is one."""
    return "" if told.quality is None else change(told.quality, mode, told.seeds)


def change(estimate: Estimate, mode: Mode, seeds: int) -> str:
    """A difference of the metric; where it lacks some seeds, it is neither better nor worse."""
    gap = missing(estimate.values, seeds)
    beyond = 0 if gap else estimate.beyond(0)
    return words(estimate, -beyond if mode == "min" else beyond, "{:+.3g}") + gap


def missing(number: int, seeds: int) -> str:
    """That a figure lacks some seeds, if it does."""
    return f" ({number} of {seeds} seeds)" if number < seeds else ""


def words(estimate: Estimate, merit: int, form: str) -> str:
    """The mean, its interval, and what it says: 1 is better, -1 worse."""
    text = form.format(estimate.mean)
    if estimate.is_bounded:
        text += f" ({form.format(estimate.low)} to {form.format(estimate.high)})"
    return text + {1: " **better**", 0: "", -1: " **worse**"}[merit]


def over(values: Sequence[float | None], form: str) -> str:
    """Mean over the seeds, and standard deviation where there are several."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    mean = form.format(statistics.fmean(known))
    return f"{mean} ± {form.format(statistics.stdev(known))}" if len(known) > 1 and math.isfinite(sum(known)) else mean


def layers(results: Results, names: Sequence[str]) -> str:
    """Mean over the run, by layer; a layer may have experts in some schemes only."""
    known = {name: [run.experts_per_token for run in finished(results, name).values()] for name in names}
    head = list(dict.fromkeys(layer for each in known.values() for by_layer in each for layer in by_layer))
    rows = [
        [f"`{name}`", *(over([by_layer.get(layer) for by_layer in each], "{:.2f}") for layer in head)]
        for name, each in known.items()
        if any(each)
    ]
    return grid(["scheme", *head], rows) if rows else ""


def inference(results: Results, names: Sequence[str]) -> str:
    """Quality and speed of both gatings."""
    head = ["scheme", "gating", results.metric, "latency of a row, ms", "tokens per second"]
    rows = []
    for name in names:
        runs = list(finished(results, name).values())
        for gating, read in (("as trained", [run.trained for run in runs]), ("top-1", [run.top_1 for run in runs])):
            known = [each for each in read if each]
            if known:
                row = [
                    over([each.quality[results.metric] for each in known], "{:.4g}"),
                    over([each.latency_ms for each in known], "{:.3g}"),
                    over([each.tokens_per_second for each in known], "{:,.0f}"),
                ]
                rows.append([f"`{name}`", gating, *row])
    return grid(head, rows) if rows else ""


def failures(results: Results) -> str:
    """Which runs came to no end, and why."""
    failed = [
        f"- `{name}`, seed {seed}: `{run.failed.replace('`', '')}`"
        for name, runs in results.runs.items()
        for seed, run in runs.items()
        if isinstance(run, Failed)
    ]
    return "\n".join(["## Failed runs\n", *failed]) if failed else ""
