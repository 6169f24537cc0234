import subprocess
import sys

import pytest

from .conftest import ROOT


@pytest.mark.parametrize("script", ["tables", "scaling", "generated"])
def test_what_a_script_writes_into_pages_is_up_to_date(script: str) -> None:
    """From the kept runs, which also have to be what the records ask for; from a computation; from the project."""
    command = [sys.executable, f"docs/{script}.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or f"{done.stdout}out of date: python docs/{script}.py"
