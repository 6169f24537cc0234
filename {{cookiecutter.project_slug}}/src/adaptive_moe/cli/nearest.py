"""What a mistyped name may have meant."""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch.cli import LightningArgumentParser

from .. import callbacks, data, moe, tasks


def names(parser: LightningArgumentParser) -> set[str]:
    """Of classes and options, as far as the rooms, the parser, its subcommands and the default config have them."""
    classes = {
        name for room in (callbacks, data, moe, tasks) for name, each in vars(room).items() if isinstance(each, type)
    }
    options: set[str] = set()
    for each in (parser, *getattr(parser._subcommands_action, "choices", {}).values()):
        options |= {action.dest for action in each._actions}
        for path in each.default_config_files:
            options |= set(dotted(yaml.safe_load(Path(path).read_text("utf-8"))))
    return classes | options | {option.rpartition(".")[2] for option in options}


def dotted(node: Any, option: str = "") -> Iterator[str]:
    """Each option of a config, as the command line writes it."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from dotted(inner, option if name == "init_args" else f"{option}.{name}".removeprefix("."))
    yield option


def nearest(words: str, known: Collection[str]) -> str:
    """A question to put before the remedy; nothing if no name is near."""
    (word,) = re.findall(r"^-*([\w.]+)", words) or [""]
    lower = {name.lower(): name for name in sorted(known)}
    found = get_close_matches(word.lower(), lower, n=1, cutoff=0.75)
    return f"did you mean {lower[found[0]]}? " if found else ""
