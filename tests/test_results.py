import subprocess
import sys

from .conftest import ROOT


def test_the_tables_of_the_results_are_those_of_the_kept_runs() -> None:
    """Which also have to be what the records ask for."""
    command = [sys.executable, "docs/tables.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or "a page is out of date: python docs/tables.py"
