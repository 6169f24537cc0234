"""The tables that stand between marks on the pages named below, made from the results in docs/results.

python docs/tables.py
python docs/tables.py --check

A table is never typed; with `--check` nothing is written, and the exit code says whether the page is up to date.
"""

import shlex
import sys
from pathlib import Path

from marks import filled, write_or_check
from paper import PAPER

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(ROOT / "{{cookiecutter.project_slug}}" / "src"), str(ROOT / "benchmarks")]

import search  # whose schemes join those of the project
from layer import layer_times
from replication import baselines, brief, compute, judged, one_expert, summary, thresholds, title

from adaptive_moe.report.markdown import controls, setting, table
from adaptive_moe.report.results import Results
from adaptive_moe.report.schemes import GROUPS, REFERENCE, SCHEMES, chosen

PAGES = [ROOT / "docs" / "results.md", ROOT / "docs" / "schemes.md", ROOT / "README.md"]
KEPT = ROOT / "docs" / "results"
TABLES = (summary, compute, judged, baselines, one_expert, brief)
PROGRAMS = {"compare": "compare.py", "ablation": "compare.py", "search": "../benchmarks/search.py"}
"""What made the results of each folder."""


def kept(folder: str) -> dict[str, Results]:
    """By task, in the paper's order."""
    paths = {task: KEPT / folder / f"{task}.json" for task in PAPER}
    return {task: Results.model_validate_json(path.read_text("utf-8")) for task, path in paths.items() if path.exists()}


def sections(folder: str) -> str:
    """Command, hardware, and all schemes, task by task."""
    return "\n\n".join(section(folder, task, results) for task, results in kept(folder).items())


def section(folder: str, task: str, results: Results) -> str:
    """Of one task."""
    names = [name for name in SCHEMES if name in results.runs]
    seeds = max(len(runs) for runs in results.runs.values())
    asked = shlex.join(["--task", task, "--schemes", *asking(names), "--seeds", str(seeds), *results.options])
    raw = f"[results/{folder}/{task}.json](results/{folder}/{task}.json)"
    return "\n\n".join(
        [
            f"### {title(task).capitalize()}",
            f"    OMP_NUM_THREADS=1 python {PROGRAMS[folder]} {asked}",
            f"{setting(results)} Raw: {raw}.",
            table(results, [(name, REFERENCE) for name in names]),
            "Against their controls:",
            table(results, controls(names)),
        ]
    )


def asking(names: list[str]) -> list[str]:
    """The group of these schemes, or they themselves."""
    groups = [group for group in GROUPS if chosen([group]).keys() == set(names)]
    return groups[:1] or names


def main() -> None:
    """Write, or check."""
    compared = kept("compare")
    made = {make.__name__: make(compared) for make in TABLES}
    made["layer_times"] = layer_times()
    made["thresholds"] = thresholds(kept("ablation"))
    made["searched"] = "\n".join(f"- `{name}`: {scheme.text}" for name, scheme in search.SEARCHED.items())
    made |= {folder: sections(folder) for folder in PROGRAMS}
    write_or_check(__doc__, [(path, filled(path.read_text("utf-8"), "tables.py", made)) for path in PAGES])


if __name__ == "__main__":
    main()
