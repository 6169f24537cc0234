"""A trained model to a folder."""

import dataclasses
import inspect
import json
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import RunError
from ..model import Blueprint
from ..moe import Gating
from .exported import tensors


def save(
    folder: Path, blueprint: Blueprint, model: nn.Module, head: nn.Linear | None, vocabulary: Path, **facts: Any
) -> None:
    """Write `model.safetensors`, `config.json` and `tokenizer.json`: all three, or no folder.

    Args:
        folder: A new one.
        blueprint: What the model was built from.
        model: The transformer.
        head: What makes outputs of its hidden states; None where its embedding does.
        vocabulary: The run's `tokenizer.json`.
        facts: What a reader wants to know besides: the task, the names of classes.

    Raises:
        RunError: The folder is there, or the vocabulary is not.
    """
    if folder.exists():
        raise RunError(f"folder is {folder}, and there is one; name another, or remove it")
    if not vocabulary.is_file():
        raise RunError(
            f"{vocabulary} is not there, and a model is of no use without its vocabulary: export from its run"
        )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    whole = nn.ModuleDict({"model": model} | ({} if head is None else {"head": head}))
    weights = {name: value.detach().cpu().contiguous() for name, value in tensors(whole).items()}
    save_file(weights, partial / "model.safetensors")
    config = {**facts, "num_outputs": None if head is None else head.out_features, "model": plain(blueprint)}
    (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    shutil.copy(vocabulary, partial / "tokenizer.json")
    partial.rename(folder)


def plain(blueprint: Blueprint) -> dict[str, Any]:
    """As JSON has it; a policy by its class and arguments."""
    values = {field.name: getattr(blueprint, field.name) for field in dataclasses.fields(blueprint)}
    return {**values, "gating": arguments(blueprint.gating), "moe": dataclasses.asdict(blueprint.moe)}


def arguments(gating: Gating) -> dict[str, Any]:
    """Its class, and what its constructor took, or by now would take."""
    names = inspect.signature(type(gating)).parameters
    values = {name: getattr(gating, name) for name in names}
    found = {name: value.item() if isinstance(value, Tensor) else value for name, value in values.items()}
    return {"class": type(gating).__name__, **found}
