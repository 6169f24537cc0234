"""The pictures of a report."""

from pathlib import Path

from matplotlib.figure import Figure

from .compared import COSTS, against, finished
from .results import Results
from .schemes import REFERENCE, SCHEMES
from .target import at

SIZE, DOTS = (9, 4.5), 110


def curves(results: Results, path: Path) -> None:
    """The metric against seconds of training; a line for each seed, a colour for each scheme."""
    figure = Figure(SIZE, layout="constrained")
    axes = figure.add_subplot()
    for number, name in enumerate(name for name in SCHEMES if name in results.runs):
        for place, run in enumerate(finished(results, name).values()):
            seconds = [at(run, step)["seconds"] for step, _ in run.validations]
            values = [value for _, value in run.validations]
            axes.plot(seconds, values, f"C{number}", alpha=0.8, linewidth=1, label=None if place else name)
    axes.set(xlabel="seconds in training steps", ylabel=f"{results.metric} on the validation split")
    if results.mode == "min":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
    if axes.lines:
        axes.legend(frameon=False)
    figure.savefig(path, dpi=DOTS)


def ratios(results: Results, path: Path) -> None:
    """Each scheme's costs over the reference's, with their intervals."""
    figure = Figure(SIZE, layout="constrained")
    axes = figure.add_subplot()
    names = [name for name in SCHEMES if name != REFERENCE and finished(results, name)]
    furthest = 0.0
    for number, (key, label) in enumerate(COSTS.items()):
        for place, name in enumerate(names):
            told = against(results, name, REFERENCE)
            if estimate := told.ratios.get(key):
                in_all = estimate.values == told.seeds  # if not, the bad seeds may be missing
                furthest = max(furthest, estimate.mean)
                reach = [[estimate.mean - estimate.low], [max(min(estimate.high, 9) - estimate.mean, 0)]]
                height = place + 0.18 * (number - 1.5)
                axes.errorbar(
                    estimate.mean,
                    height,
                    xerr=reach if estimate.is_bounded and in_all else None,
                    fmt="o",
                    color=f"C{number}",
                    fillstyle="full" if in_all else "none",
                    label=label,
                )
    axes.axvline(1, color="grey", linewidth=1)
    axes.set(xlabel=f"over {REFERENCE}'s; steps, time and FLOPs are those to the target; hollow: not in all seeds")
    axes.set_xlim(0, max(2, 1.1 * furthest))
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), frameon=False)
    figure.savefig(path, dpi=DOTS)
