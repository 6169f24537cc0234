"""What a task cannot work with."""

import sys
from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor
from torch.optim import Optimizer
from torchmetrics import Metric

from ..data import TextDataModule, Tokenising
from ..errors import RunError

MODES: dict[bool | None, str] = {True: "max", False: "min"}
"""By a metric's `higher_is_better`, which may be unknown of a user's own."""


def check_data(data: TextDataModule, task: str, form: type[Tokenising], longest: int | None) -> None:
    """Before any work is done.

    Raises:
        RunError: Rows have another form, or there are fewer positions than a sample can have tokens.
    """
    theirs = data.corpus.tokenising
    if theirs is not form:
        raise RunError(
            f"corpus is {type(data.corpus).__name__}, whose rows have {words(theirs)}, and {task} needs {words(form)}; "
            "take the config of the task, from configs/tasks/, or a corpus of that form"
        )
    if longest is not None and data.context_length > longest:
        raise RunError(
            f"context_length is {data.context_length}, and the model learns {longest} positions; "
            f"set --data.context_length {longest}, or raise --model.num_positions"
        )


def check_monitor(trainer: Trainer, task: str, measured: Mapping[str, Metric]) -> None:
    """Before any work is done.

    Raises:
        RunError: The best checkpoint is to be best in what no validation measures, or where the metric is worst.
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        monitor, mode = str(getattr(callback, "monitor", None)), getattr(callback, "mode", None)
        where = type(callback).__name__
        if monitor.startswith("val/") and monitor not in measured:
            raise RunError(
                f"monitor is {monitor} in {where}, and {task} measures {', '.join(measured)}; set it "
                "to one of them, and its mode: for the best checkpoint, --checkpoint.monitor and --checkpoint.mode"
            )
        best = MODES.get(measured[monitor].higher_is_better) if monitor in measured else None
        if mode and best and mode != best:
            raise RunError(
                f"mode is {mode} in {where}, and {monitor} is best at its {best}imum; set it to {best}: for the best "
                f"checkpoint, --checkpoint.mode {best}"
            )


def words(form: type[Tokenising]) -> str:
    """The columns of a form."""
    return " and ".join(form.columns)


def check_checkpoint(checkpoint: Mapping[str, Any], task: str, state: Mapping[str, Tensor]) -> None:
    """Before any weight is copied.

    Raises:
        RunError: They are of another task, or have another shape.
    """
    remedy = "leave out what changes the model, or give the config that it was trained with"
    mine = {name: tuple(value.shape) for name, value in state.items()}
    if checkpoint.get("task", task) != task:
        raise RunError(f"the checkpoint is of {checkpoint['task']}, and this is {task}; {remedy}")
    saved = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
    for name in sorted(mine.keys() | saved.keys()):
        theirs, ours = saved.get(name), mine.get(name)
        if theirs != ours:
            raise RunError(f"the checkpoint has {theirs} for {name}, and this model {ours}; {remedy}")


def check_training(checkpoint: Mapping[str, Any], optimizer: Optimizer, max_steps: int) -> None:
    """Before training goes on: the state of the checkpoint's optimizer would silently replace what differs here.

    Raises:
        RunError: The optimizer's settings differ, or there are fewer steps to go than have been done.
    """
    if 0 <= max_steps < checkpoint["global_step"]:
        raise RunError(
            f"max_steps is {max_steps}, and the checkpoint has {checkpoint['global_step']} steps; "
            "it counts from the first: give more to go on"
        )
    if max_steps == checkpoint["global_step"]:
        say(f"The run has had its {max_steps} steps; to go on, give more: --trainer.max_steps")
    for saved in checkpoint["optimizer_states"]:
        for theirs, ours in zip(saved["param_groups"], optimizer.param_groups, strict=True):
            theirs = {**theirs, "lr": theirs.get("initial_lr", theirs.get("lr"))}  # without its schedule
            for name in theirs.keys() & ours.keys() - {"params"}:
                if listed(theirs[name]) != listed(ours[name]):
                    raise RunError(
                        f"the optimizer's {name} is {listed(ours[name])} here and {listed(theirs[name])} in the "
                        "checkpoint, which would win; leave the option out to go on, or start a new run"
                    )


@rank_zero_only
def say(words: str) -> None:
    """Beside what a command gives."""
    print(words, file=sys.stderr, flush=True)


def listed(value: Any) -> Any:
    """A tuple as a list: YAML has but one of them."""
    return list(value) if isinstance(value, tuple) else value
