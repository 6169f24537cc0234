"""What a project of one's own comes with: a workflow, hooks, a Makefile, a citation."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
OWN = {"pip", "make", "python"}  # what an environment has, and what is looked at here


def commands(target: str) -> list[str]:
    """What make runs for it."""
    (recipe,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return [line.strip() for line in recipe.splitlines()]


def tools() -> set[str]:
    """What the project's metadata installs for development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"], *extras["audit"]]
    return {re.match(r"[\w-]+", each)[0] for each in wanted}  # type: ignore[index]


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_tools_are_dependencies(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
        for line in step.get("run", "").splitlines():
            assert line.split()[0] in OWN | tools(), line
            if line.startswith("make "):
                assert commands(line.split()[1])


def test_what_make_checks_with_is_installed() -> None:
    assert {line.split()[0] for line in commands("check")} == {"ruff", "mypy", "pytest"} <= tools()


def test_hooks_are_the_environment_s_own_tools() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    assert {hook["entry"].split()[0] for hook in hooks[0]["hooks"]} <= tools()


def test_bare_make_shows_every_target() -> None:
    targets = re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)
    assert targets[0] == "help"
    assert set(targets) == set(re.findall(r"^([a-z]+):.*## .+", MAKEFILE, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)
    assert phony.split() == targets
