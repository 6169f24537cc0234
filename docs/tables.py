"""The tables of docs/results.md and README.md that stand between marks, made from the results in docs/results/compare.

python docs/tables.py
python docs/tables.py --check

A table is never typed; with `--check` nothing is written, and the exit code says whether the page is up to date.
"""

import shlex
import sys
from pathlib import Path
from statistics import geometric_mean

from marks import filled, write_or_check

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}" / "src"))

from adaptive_moe.report.compared import against, finished
from adaptive_moe.report.markdown import cost, grid, quality, setting, table
from adaptive_moe.report.results import Results
from adaptive_moe.report.schemes import REFERENCE, SCHEMES

PAGES, KEPT = [ROOT / "docs" / "results.md", ROOT / "README.md"], ROOT / "docs" / "results" / "compare"
PAPER = {  # table 2: time of adaptive gating over top-2's; and without the curriculum, computed from its other figures
    "sentiment": (0.77, 0.94),
    "translation": (0.79, 0.90),
    "question_answering": (0.86, 0.94),
    "summarisation": (0.86, 0.98),
    "text_completion": (0.89, 1.00),
    "dialogue": (0.82, 0.91),
}
SEARCHED = {  # what is asked of a task: scheme, against which, which cost
    "adaptive": ("adaptive", "top_2", "seconds"),
    "by length, same order": ("adaptive_length", "top_2_length", "seconds"),
    "by length, against `top_2`": ("adaptive_length", "top_2", "seconds"),
    "the paper's order": ("adaptive_paper", "top_2", "seconds"),
    "step time, gating alone": ("adaptive", "top_2", "step_ms"),
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
    head = ["task", "paper", "paper, gating alone", "seeds", *SEARCHED]
    rows = []
    for task, results in each.items():
        paper = [f"{figure:.2f}" for figure in PAPER[task]]
        row = [task.replace("_", " "), *paper, str(len(finished(results, REFERENCE)))]
        for name, other, key in SEARCHED.values():
            row.append(cost(against(results, name, other), key) or ("not reached" if finished(results, name) else ""))
        rows.append(row)
    return grid(head, [*rows, mean(each)])


def mean(each: dict[str, Results]) -> list[str]:
    """A row of geometric means over the tasks that have a figure, and how many those are."""
    papers = [f"{geometric_mean(figures):.2f}" for figures in zip(*(PAPER[task] for task in each), strict=True)]
    row = ["mean", *papers, ""]
    for name, other, key in SEARCHED.values():
        told = [against(results, name, other).ratios for results in each.values()]
        known = [ratios[key].mean for ratios in told if key in ratios]
        count = f" ({len(known)} of {len(PAPER)} tasks)" if len(known) < len(PAPER) else ""
        row.append(f"{geometric_mean(known):.2f}{count}" if known else "")
    return row


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
    command = f"    OMP_NUM_THREADS=1 python compare.py --task {task} --seeds {seeds} {shlex.join(results.options)}"
    return f"#### {task.replace('_', ' ').capitalize()}\n\n{command}\n\n{setting(results)}\n\n" + table(
        results, [(name, REFERENCE) for name in names]
    )


def main() -> None:
    """Write, or check."""
    each = kept()
    made = {
        "summary": summary(each),
        "brief": brief(each),
        "details": "\n\n".join(details(*item) for item in each.items()),
    }
    write_or_check(__doc__, [(path, filled(path.read_text("utf-8"), "tables.py", made)) for path in PAGES])


if __name__ == "__main__":
    main()
