"""What a script writes between the marks of a page, and a test compares."""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def filled(text: str, script: str, made: Mapping[str, str]) -> str:
    """A page in which what stands between the script's marks is made anew."""
    for name, new in made.items():
        mark = rf"(<!-- {name}: made by docs/{script} -->\n).*?(<!-- end -->)"
        text = re.sub(mark, lambda match, new=new: f"{match[1]}\n{new}\n\n{match[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def write_or_check(description: str | None, pages: Iterable[tuple[Path, str]]) -> None:
    """Bring pages up to date, and name those that were not; with `--check`, only say so by the exit code.

    Args:
        description: Of the script.
        pages: Each page, as it should be.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args().check
    stale = [(path, text) for path, text in pages if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        print(path.relative_to(ROOT))
        if not check:
            path.write_text(text, "utf-8")
    sys.exit(bool(stale) and check)
