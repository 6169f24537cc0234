"""The tables that stand between marks on the pages named below, made from the results in docs/results/compare.

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
sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}" / "src"))

from replication import baselines, brief, compute, judged, one_expert, summary, title

from adaptive_moe.report.markdown import controls, setting, table
from adaptive_moe.report.results import Results
from adaptive_moe.report.schemes import REFERENCE, SCHEMES, STANDARD

PAGES = [ROOT / "docs" / "results.md", ROOT / "docs" / "schemes.md", ROOT / "README.md"]
KEPT = ROOT / "docs" / "results" / "compare"
TABLES = (summary, compute, judged, baselines, one_expert, brief)


def kept() -> dict[str, Results]:
    """By task, in the paper's order."""
    paths = {task: KEPT / f"{task}.json" for task in PAPER}
    return {task: Results.model_validate_json(path.read_text("utf-8")) for task, path in paths.items() if path.exists()}


def details(task: str, results: Results) -> str:
    """Command, hardware, and all schemes of one task."""
    names = [name for name in SCHEMES if name in results.runs]
    seeds = max(len(runs) for runs in results.runs.values())
    schemes = [] if set(names) == set(STANDARD) else ["--schemes", "all"]
    asked = shlex.join(["--task", task, *schemes, "--seeds", str(seeds), *results.options])
    command = f"    OMP_NUM_THREADS=1 python compare.py {asked}"
    against_top_2 = [(name, REFERENCE) for name in names]
    raw = f"[results/compare/{task}.json](results/compare/{task}.json)"
    head = [f"## {title(task).capitalize()}", command, f"{setting(results)} Raw: {raw}."]
    return "\n\n".join(
        [
            *head,
            table(results, against_top_2),
            "Against what differs in one thing alone:",
            table(results, controls(names)),
        ]
    )


def main() -> None:
    """Write, or check."""
    each = kept()
    made = {make.__name__: make(each) for make in TABLES}
    made["details"] = "\n\n".join(details(*item) for item in each.items())
    write_or_check(__doc__, [(path, filled(path.read_text("utf-8"), "tables.py", made)) for path in PAGES])


if __name__ == "__main__":
    main()
