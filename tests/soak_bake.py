"""What takes long: all types and tests of a project under other names."""

import re
from pathlib import Path

from .conftest import OTHER_NAMES, Bake, run


def test_its_types_hold(project: Path) -> None:
    assert "no issues found" in run(project, "-m", "mypy")


def test_all_of_its_own_tests_pass(bake: Bake) -> None:
    done = run(bake(**OTHER_NAMES), "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2")
    assert re.search(r"\d+ passed", done)
