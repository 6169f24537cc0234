import re
import tomllib

from .conftest import ROOT, TEMPLATE, Bake

README = (ROOT / "README.md").read_text("utf-8")
TREE = re.findall(r"## Where things are\n\n```\n(.*?)```", README, re.DOTALL)[0]


def test_every_make_command_has_a_target() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= set(targets)


def test_the_tree_is_what_lies_at_the_root() -> None:
    named = {line.split()[0].rstrip("/") for line in TREE.splitlines()}
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert named == there - {"README.md", "demo"}
    rooms = {path.name for path in (TEMPLATE / "src/adaptive_moe").iterdir() if path.is_dir()}
    assert rooms == set(re.findall(r"`(\w+)` \(", README))


def test_every_page_and_picture_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert {"docs/index.md", "docs/results.md"} <= set(links)
    assert all((ROOT / link).exists() for link in links)


def test_constraints_pin_what_the_project_asks_for(bake: Bake) -> None:
    metadata = tomllib.loads((bake() / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.+-]+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    pinned = {name.lower(): version for name, version in pinned.items()}
    for requirement in (*metadata["dependencies"], *metadata["optional-dependencies"]["dev"]):
        name, lowest = re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
        version = [int(part) for part in pinned[name.lower()].split(".")]
        assert version >= [int(part) for part in lowest.split(".")], requirement
