"""The data room: what ordering millions of samples takes, how fast batches come, how much of them is padding.

python benchmarks/data.py
python benchmarks/data.py --samples 1000000 --rounds 3 --json data.json
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(ROOT / "{{cookiecutter.project_slug}}" / "src"), str(Path(__file__).parent)]

from loading import difficulty_rows, loader_rows, padding_rows
from measure import where
from ordering import Row, ordering_rows


def main() -> None:
    """Print every table, and keep them if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000_000, help="the most samples that are ordered")
    parser.add_argument("--layers", type=int, default=12, help="MoE layers whose shares are known of each")
    parser.add_argument("--rounds", type=int, default=15, help="of the measurements in turn")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    setting = where("cpu")
    print(*(f"{key}: {value}" for key, value in setting.items()), sep="\n")
    figures: dict[str, object] = {"where": setting}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = {
            "ordering": ordering_rows(arguments.samples, arguments.layers),
            "padding": padding_rows(folder),
            "loader": loader_rows(folder, arguments.rounds),
            "difficulty": difficulty_rows(folder, arguments.rounds),
        }
        for table, rows in tables.items():
            print(f"\n{table}")
            figures[table] = [printed(row) for row in rows]
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def printed(row: Row) -> Row:
    """As soon as it is there."""
    print("  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return row


if __name__ == "__main__":
    main()
