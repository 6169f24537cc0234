"""The tables that stand between marks on the pages named below, made from the results in docs/results/compare.

python docs/tables.py
python docs/tables.py --check

A table is never typed; with `--check` nothing is written, and the exit code says whether the page is up to date.
"""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import geometric_mean

from marks import filled, write_or_check
from paper import PAPER

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}" / "src"))

from adaptive_moe.report.compared import against, finished, pairs, score
from adaptive_moe.report.estimate import difference, ratio
from adaptive_moe.report.markdown import change, controls, cost, grid, over, quality, setting, table, words
from adaptive_moe.report.results import Results
from adaptive_moe.report.schemes import REFERENCE, SCHEMES, STANDARD

PAGES = [ROOT / "docs" / "results.md", ROOT / "docs" / "schemes.md", ROOT / "README.md"]
KEPT = ROOT / "docs" / "results" / "compare"
ASKED = {  # what is asked of a task: scheme, against which, which cost
    "adaptive": ("adaptive", "top_2", "seconds"),
    "by length, same order": ("adaptive_length", "top_2_length", "seconds"),
    "by length, against `top_2`": ("adaptive_length", "top_2", "seconds"),
    "the paper's order": ("adaptive_paper", "top_2", "seconds"),
    "gap against chance, steps": ("adaptive", "random_share", "steps"),
}
STEPS = {  # whose step takes how long, against top-2's in random order
    "adaptive": "adaptive",
    "top-2, by length": "top_2_length",
    "adaptive, by length": "adaptive_length",
}


def kept() -> dict[str, Results]:
    """By task, in the paper's order."""
    paths = {task: KEPT / f"{task}.json" for task in PAPER}
    return {task: Results.model_validate_json(path.read_text("utf-8")) for task, path in paths.items() if path.exists()}


def summary(each: dict[str, Results]) -> str:
    """A row for each task: the paper's time, and ours."""
    head = ["task", "paper", "paper, gating alone", "seeds", *ASKED]
    rows = []
    for task, results in each.items():
        paper = [f"{figure:.2f}" for figure in PAPER[task][:2]]
        row = [task.replace("_", " "), *paper, str(len(finished(results, REFERENCE)))]
        for name, other, key in ASKED.values():
            row.append(cost(against(results, name, other), key) or ("not reached" if finished(results, name) else ""))
        rows.append(row)
    return grid(head, [*rows, mean(each)])


def mean(each: dict[str, Results]) -> list[str]:
    """A row of means over the tasks that have a figure, and how many those are."""
    papers = map(plain, zip(*(PAPER[task][:2] for task in each), strict=True))
    row = ["mean", *papers, ""]
    for name, other, key in ASKED.values():
        told = [against(results, name, other).ratios for results in each.values()]
        known = [ratios[key].mean for ratios in told if key in ratios]
        row.append(over_tasks(known) if known else "")
    return row


def plain(known: Sequence[float]) -> str:
    """A geometric mean."""
    return f"{geometric_mean(known):.2f}"


def over_tasks(known: Sequence[float]) -> str:
    """A geometric mean of ratios, its interval over the tasks, and how many those are."""
    estimate = ratio([(each, 1.0) for each in known])
    if len(known) == len(PAPER):
        return words(estimate, -estimate.beyond(1), "{:.2f}")
    return words(estimate, 0, "{:.2f}") + f" ({len(known)} of {len(PAPER)} tasks)"


def compute(each: dict[str, Results]) -> str:
    """A row for each task: what gating alone saves in a step."""
    rows, means = [], []
    for task, results in each.items():
        paper, told = PAPER[task], against(results, "adaptive", REFERENCE)
        runs, others = finished(results, "adaptive"), finished(results, REFERENCE)
        flops = ratio([(one.moments[-1].flops, other.moments[-1].flops) for one, other in pairs(runs, others)])
        on_two = over([(run.mean_experts or 1) - 1 for run in runs.values()], "{:.0%}")
        layers = over([run.moe_share for run in others.values()], "{:.2f}")
        assert told.floor is not None
        row = [f"{paper.on_two:.0%}", on_two, f"{paper.flops:.2f}", words(flops, 0, "{:.2f}"), layers]
        rows.append([task.replace("_", " "), *row, cost(told, "step_ms"), f"{told.floor:.2f}"])
        means.append((flops.mean, told.ratios["step_ms"].mean, told.floor))
    flop, step, floors = zip(*means, strict=True)
    papers = plain([PAPER[task].flops for task in each])
    head = ["task", "paper, tokens on two", "tokens on two", "paper, FLOPs", "FLOPs", "f", "step time", "its floor"]
    return grid(head, [*rows, ["mean", "", "", papers, over_tasks(flop), "", over_tasks(step), plain(floors)]])


def judged(each: dict[str, Results]) -> str:
    """A row for each task: the quality at the end, without samples of like length side by side."""
    head = ["task", "paper, top-2", "paper, adaptive", "metric", "`top_2`", "gap less `top_2`", "gap less chance"]
    rows = []
    for task, results in each.items():
        paper = [f"{figure:g}" for figure in (PAPER[task].top_2, PAPER[task].adaptive)]
        scores = [score(results, run) for run in finished(results, REFERENCE).values()]
        told = [quality(against(results, "adaptive", other), results.mode) for other in (REFERENCE, "random_share")]
        rows.append([task.replace("_", " "), *paper, results.metric, over(scores, "{:.3g}"), *told])
    return grid(head, rows)


def one_expert(each: dict[str, Results]) -> str:
    """Two rows for each task: what one expert for each token does to a trained model."""
    head = ["task", "scheme", "metric", "as trained", "one expert", "difference", "latency", "tokens per second"]
    rows = []
    for task, results in each.items():
        for name in (REFERENCE, "adaptive"):
            read = [(run.top_1, run.trained) for run in finished(results, name).values() if run.top_1]
            qualities = [(one.quality[results.metric], trained.quality[results.metric]) for one, trained in read]
            latency = ratio([(one.latency_ms, trained.latency_ms) for one, trained in read])
            speed = ratio([(one.tokens_per_second, trained.tokens_per_second) for one, trained in read])
            row = [
                over([trained for _, trained in qualities], "{:.3g}"),
                over([one for one, _ in qualities], "{:.3g}"),
                change(difference(qualities), results.mode, len(results.runs[name])),
                words(latency, -latency.beyond(1), "{:.2f}"),
                words(speed, speed.beyond(1), "{:.2f}"),
            ]
            rows.append([task.replace("_", " "), f"`{name}`", results.metric, *row])
    return grid(head, rows)


def brief(each: dict[str, Results]) -> str:
    """A row for each task: how long a step takes, and what quality comes of it."""
    rows = []
    for task, results in each.items():
        steps = [cost(against(results, name, REFERENCE), "step_ms") for name in STEPS.values()]
        told = quality(against(results, "adaptive", REFERENCE), results.mode)
        seeds = str(len(finished(results, REFERENCE)))
        rows.append([task.replace("_", " "), seeds, *steps, told, results.metric])
    return grid(["task", "seeds", *STEPS, "quality, adaptive", "metric"], rows)


def details(task: str, results: Results) -> str:
    """Command, hardware, and all schemes of one task."""
    names = [name for name in SCHEMES if name in results.runs]
    seeds = max(len(runs) for runs in results.runs.values())
    schemes = [] if set(names) == set(STANDARD) else ["--schemes", "all"]
    asked = shlex.join(["--task", task, *schemes, "--seeds", str(seeds), *results.options])
    command = f"    OMP_NUM_THREADS=1 python compare.py {asked}"
    title, against_top_2 = task.replace("_", " ").capitalize(), [(name, REFERENCE) for name in names]
    raw = f"[results/compare/{task}.json](results/compare/{task}.json)"
    parts = [f"## {title}", command, f"{setting(results)} Raw: {raw}.", table(results, against_top_2)]
    return "\n\n".join([*parts, "Against what differs in one thing alone:", table(results, controls(names))])


def main() -> None:
    """Write, or check."""
    each = kept()
    made = {
        "summary": summary(each),
        "compute": compute(each),
        "quality": judged(each),
        "one_expert": one_expert(each),
        "brief": brief(each),
        "details": "\n\n".join(details(*item) for item in each.items()),
    }
    write_or_check(__doc__, [(path, filled(path.read_text("utf-8"), "tables.py", made)) for path in PAGES])


if __name__ == "__main__":
    main()
