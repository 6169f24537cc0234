"""What the pages say of the project's own text: the options, the configs, the tree, and the names of each room.

python docs/generated.py
python docs/generated.py --check

Writes between the marks of a page; with `--check` nothing is written, and the exit code says whether all is up to date.
"""

import ast
import contextlib
import io
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from marks import filled, write_or_check

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
PACKAGE = PROJECT / "src" / "adaptive_moe"
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(PROJECT))

README = (PROJECT / "README.md").read_text("utf-8")


def options() -> str:
    """The README's table of options, each with its default."""
    (rows,) = re.findall(r"^\| option \|.*\n\|---.*\n((?:\|.*\n)+)", README, re.MULTILINE)
    values = defaults()
    table = ["| option | default | what it does |", "|---|---|---|"]
    for row in rows.splitlines():
        names, meaning = (cell.strip() for cell in row.strip("|").split("|", 1))
        found = [default(values, name) for name in re.findall(r"`--([\w.]+)`", names)]
        table.append(f"| {names} | {', '.join(f'`{value}`' for value in found)} | {meaning} |")
    return "\n".join(table)


def defaults() -> dict[str, Any]:
    """What `python train.py fit --print_config` prints."""
    import train

    sys.argv[1:] = []
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        train.main(["fit", "--print_config"])
    values: dict[str, Any] = yaml.safe_load(printed.getvalue())
    return values


def default(values: Any, name: str) -> str:
    """The value of an option, as it is typed; of a class, its name."""
    for part in name.split("."):
        values = values.get("init_args", values) if "class_path" in values else values
        values = values[part]
    if isinstance(values, dict):
        return str(values["class_path"]).rpartition(".")[2]
    return str(yaml.safe_dump(values, default_flow_style=True)).splitlines()[0]


def configs() -> str:
    """Every config, and what it says of itself below the command that runs it."""
    table = ["| config | what it changes |", "|---|---|"]
    for path in sorted((PROJECT / "configs").rglob("*.yaml")):
        lines = itertools.takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines()[1:])
        said = " ".join(line.lstrip("# ") for line in lines)
        table.append(f"| `{path.relative_to(PROJECT).as_posix()}` | {said} |")
    return "\n".join(table)


def tree() -> str:
    """The README's."""
    (found,) = re.findall(r"## Where things are\n\n```\n(.*?)```", README, re.DOTALL)
    return f"```text\n{found}```"


def room(path: Path) -> str:
    """What a room's `__init__.py` gives, from the docstrings."""
    module = ast.parse((path / "__init__.py").read_text("utf-8"))
    names = [alias.name for node in module.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    members = ", ".join(names)
    return f"# {path.name}\n\n::: adaptive_moe.{path.name}\n    options:\n      members: [{members}]\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Each page that holds something made, as it should be."""
    made = {"options": options(), "configs": configs(), "tree": tree()}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield path, filled(path.read_text("utf-8"), "generated.py", made)
    for init in sorted(PACKAGE.glob("*/__init__.py")):
        yield ROOT / "docs" / "api" / f"{init.parent.name}.md", room(init.parent)


def main() -> None:
    """Write, or check."""
    write_or_check(__doc__, pages())


if __name__ == "__main__":
    main()
