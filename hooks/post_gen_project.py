"""Give the package its name, and say what to do next."""

import json
import shutil
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
TEMPLATE_NAME = "adaptive_moe"


def rename_package(name: str) -> None:
    """Move src/adaptive_moe and rewrite what imports it; a second run changes nothing."""
    source = Path("src", TEMPLATE_NAME)
    shutil.copytree(source, Path("src", name), dirs_exist_ok=True)
    shutil.rmtree(source)
    code = (*Path().glob("*.py"), *Path("src", name).rglob("*.py"), *Path("tests").rglob("*.py"))
    for path in (*code, *Path("configs").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(TEMPLATE_NAME, name), encoding="utf-8", newline="\n")


if ANSWERS["package_name"] != TEMPLATE_NAME:
    rename_package(ANSWERS["package_name"])
print(f"""
Your project is in {ANSWERS["project_slug"]}. Next:

  cd {ANSWERS["project_slug"]}
  pip install -e .
  python train.py fit

(Give it an environment of its own, or let uv do that: uv run python train.py fit.)
""")
