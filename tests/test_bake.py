import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from .conftest import OTHER_NAMES, ROOT, TEMPLATE, Bake, run

RENDERED = {".cookiecutter.json", "CITATION.cff", "pyproject.toml", "README.md", "LICENSE", "train.slurm"}


def template_files() -> set[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", TEMPLATE.name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {Path(name).relative_to(TEMPLATE.name) for name in listed.stdout.split("\0") if name}


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def renamed(path: Path) -> Path:
    return Path(str(path).replace("adaptive_moe", OTHER_NAMES["package_name"]))


def test_the_bake_holds_exactly_the_template_s_files(project: Path) -> None:
    assert files(project) == {renamed(path) for path in template_files()}


def test_files_differ_in_the_package_s_name_only(project: Path) -> None:
    for path in template_files():
        source, baked = (TEMPLATE / path).read_text("utf-8"), (project / renamed(path)).read_text("utf-8")
        if path.name not in RENDERED or path.parent != Path():
            named = path.suffix in (".py", ".yaml")
            assert baked == (source.replace("adaptive_moe", "gated_prose") if named else source), path


def test_no_brace_of_the_template_and_no_old_name_is_left(project: Path) -> None:
    for path in files(project):
        text = (project / path).read_text("utf-8")
        text = text.replace("${{ matrix.", "") if path.parts[0] == ".github" else text  # GitHub's own braces
        assert not re.search(r"{{|{%|cookiecutter|adaptive_moe", text), path


def test_python_and_yaml_of_the_template_hold_no_jinja() -> None:
    for path in template_files():
        if path.suffix in (".py", ".yaml"):
            assert not re.search(r"{{|{%", (TEMPLATE / path).read_text("utf-8")), path


def test_lines_with_the_package_s_name_stay_short_under_the_longest_name() -> None:
    longer = 40 - len("adaptive_moe")
    for path in template_files():
        if path.suffix == ".py":
            for line in (TEMPLATE / path).read_text("utf-8").splitlines():
                assert len(line) + longer * line.count("adaptive_moe") <= 120, (path, line)


def test_toml_and_yaml_parse_and_carry_the_answers(project: Path) -> None:
    metadata = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert metadata["name"] == "gated-prose"
    assert metadata["license"] == "MIT"
    assert metadata["authors"] == [{"name": "Your Name"}]
    assert (project / "README.md").read_text("utf-8").startswith("# Gated Prose\n")
    for path in (*project.rglob("*.yaml"), *project.rglob("*.yml")):
        assert yaml.safe_load(path.read_text("utf-8"))
    citation = yaml.safe_load((project / "CITATION.cff").read_text("utf-8"))
    assert citation["title"] == "Gated Prose"
    assert citation["references"][0]["identifiers"][0]["value"] == "arXiv:2310.07188"


@pytest.mark.parametrize("name", ["gated_prose", "a", "zebra", "a_package_with_a_name_of_forty_letters_x"])
def test_it_is_lint_clean_under_any_name(bake: Bake, name: str) -> None:
    folder = bake(package_name=name)
    run(folder, "-m", "ruff", "check", ".")
    run(folder, "-m", "ruff", "format", "--check", ".")


def test_its_own_tests_pass(bake: Bake) -> None:
    folder = bake(**OTHER_NAMES)
    pytest_quietly = ["-m", "pytest", "-p", "no:cacheprovider", "-q", "-m", "not slow"]
    assert re.search(r"\d+ tests collected|\d+/\d+ tests", run(folder, *pytest_quietly, "--collect-only"))
    # what a name can break; all else is tested in place (and here in soak_bake.py)
    named = [f"tests/{name}" for name in ("export", "parallel/test_preset.py", "test_habits.py", "test_readme.py")]
    assert re.search(r"\d+ passed", run(folder, *pytest_quietly, "-n", "2", *named))


def test_it_trains_steps_as_a_user_would_and_says_nothing_needless(bake: Bake) -> None:
    folder = bake(**OTHER_NAMES)
    said = run(folder, "train.py", "fit", "--trainer.max_steps=2", "--trainer.limit_val_batches=1", "--model.dim=24")
    assert re.search("validation .*perplexity", said)
    assert not re.search("warn|tip:|deprecat", said, re.IGNORECASE), said
    assert (folder / "runs/text_completion/version_0/checkpoints/last.ckpt").exists()


@pytest.mark.parametrize("license_id", ["MIT", "Apache-2.0", "BSD-3-Clause", "LicenseRef-Proprietary"])
def test_each_licence_names_the_author(bake: Bake, license_id: str) -> None:
    folder = bake(license=license_id, author="Ada O'Brien")
    text = (folder / "LICENSE").read_text("utf-8")
    assert "Ada O'Brien" in text
    assert not text.startswith("\n")
    assert tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["license"] == license_id
