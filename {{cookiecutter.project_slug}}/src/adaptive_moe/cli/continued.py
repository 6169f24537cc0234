"""A run that goes on is what it was: its own config comes first, and the command has the last word."""

import json
import sys
import warnings
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from lightning.pytorch.utilities import rank_zero_only

from .errors import refuse

PLACE = ("ckpt_path", "config", "trainer.logger")  # where a run is, and not what
SHOWN = 6


def with_config(words: list[str], commands: Container[str], config: dict[str, Any]) -> list[str]:
    """The command with the config of a run before all that it says, if there is one.

    What only reads a checkpoint takes what has a state from its run: on which devices is the command's affair.
    """
    place = next((place for place, word in enumerate(words, 1) if word in commands), 0)
    if not place or not config:
        return words
    if words[place - 1] != "fit":
        steered = not any(word.startswith("--model.gating") for word in words)  # or the command says who is chosen
        callbacks = {"trainer": {"callbacks": config["trainer"]["callbacks"]}} if steered else {}
        config = {"model": config["model"], "data": config["data"], **callbacks}
    return [*words[:place], f"--config={json.dumps(config)}", *words[place:]]


def config_of(checkpoint: Path | None) -> dict[str, Any]:
    """Of the run that it lies in; empty if it lies in none.

    Raises:
        SystemExit: It has been changed to what is no config.
    """
    path = checkpoint and checkpoint.parent.parent / "config.yaml"
    if not path or not path.is_file():
        return {}
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        config = None
    if not isinstance(config, dict):
        refuse(f"{path} is no config any more; mend it, or go on from a copy of {checkpoint} outside the run")
    config.pop("ckpt_path", None)
    return config


def without_twins(callbacks: list[Namespace], before: dict[str, Any]) -> list[Namespace]:
    """Those that the command adds take the place of those of their class that the run had."""
    had = before.get("trainer", {}).get("callbacks") or []
    old, added = callbacks[: len(had)], callbacks[len(had) :]
    if [each.class_path for each in old] != [each["class_path"] for each in had]:
        return callbacks  # another list, or none
    classes = {each.class_path for each in added}
    return [each for each in old if each.class_path not in classes] + added


def go_on(config: Namespace, checkpoint: Path) -> None:
    """In the run's folder, or from a file of it in a new one."""
    run = checkpoint.parent.parent
    if is_new(config.ckpt_path, checkpoint):
        warnings.filterwarnings("ignore", "The dirpath has changed")  # which is meant
    elif isinstance(config.trainer.logger, Namespace):
        logger = config.trainer.logger.init_args
        logger.save_dir, logger.name, logger.version = str(run.parent.parent), run.parent.name, run.name
        # Lightning warns of a folder that is not empty.
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists and is not empty")


def is_new(wanted: str, checkpoint: Path) -> bool:
    """Whether the file is named, and not its run."""
    return Path(wanted) == checkpoint


@rank_zero_only
def tell(config: Namespace, checkpoint: Path, command: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """In one line: what is read, and what the command changes of its run's config; beside what `predict` prints.

    Args:
        config: Of the command.
        checkpoint: What it reads.
        command: The subcommand.
        before: The run's config, as plain values.
        after: The command's.
    """
    rooms = before.keys() if command == "fit" else before.keys() & {"model", "data"}
    changes = changed({name: before[name] for name in rooms}, {name: after.get(name) for name in rooms})
    shown = [f"{name} {values}" for name, values in list(changes.items())[:SHOWN]]
    more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    what = f"{command} goes on from {checkpoint}" if command == "fit" else f"{command} reads {checkpoint}"
    into = ", in a new run" if command == "fit" and is_new(config.ckpt_path, checkpoint) else ""
    print(f"{what}{into}{'; changed: ' if shown else ''}{', '.join(shown)}{more}.", file=sys.stderr, flush=True)


def changed(before: Any, after: Any, option: str = "") -> dict[str, str]:
    """Old and new value of each option that differs, in words."""
    if option in PLACE:
        return {}
    if isinstance(after, list) and isinstance(before, list):
        before, after = by_class(before), by_class(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping) and brief(before) == brief(after):
        found: dict[str, str] = {}
        for name in dict.fromkeys([*before, *after]):
            inner = option if name == "init_args" else f"{option}.{name}".removeprefix(".")
            found |= changed(before.get(name), after.get(name), inner)
        return found
    return {option: f"{brief(before)} -> {brief(after)}"} if before != after else {}


def by_class(values: list[Any]) -> Any:
    """A list of objects by their names; any other as it is."""
    if values and all(isinstance(each, dict) and "class_path" in each for each in values):
        return {brief(each): each for each in values}
    return values


def brief(value: Any) -> Any:
    """Of an object, the name of its class; of what has none, nothing."""
    if isinstance(value, dict):
        return value["class_path"].rpartition(".")[2] if "class_path" in value else {}
    return value
