"""Everything that can be refused before the first run is."""

import contextlib
import datetime
import hashlib
import io

from pydantic import ValidationError

from ..callbacks import DataMonitor, ExpertLoadBalancer, StepTimer
from ..callbacks.environment import environment
from ..cli import CLI
from ..data import TextDataModule
from ..errors import RunError
from .asked import Asked, Main
from .inference import ALONE
from .results import Results

NO_STEPS = ("--trainer.max_steps=0", "--trainer.num_sanity_val_steps=0", "--trainer.logger=false")
PASSING = ("date", "system", "commit")
A_MEAN = 1.5  # experts per token, in place of what the adaptive run is going to measure


def begun(asked: Asked) -> tuple[Results, dict[str, str]]:
    """The results so far, and where further runs are made, after each scheme has been tried on a run of no steps.

    Raises:
        RunError: The folder has runs of something else.
    """
    options, *others = (asked.arguments(name, A_MEAN) for name in asked.schemes)
    first = tried_out(asked.main, options)
    for options in others:
        tried_out(asked.main, options)
    checkpoint, here = first.config["fit"]["checkpoint"], where(first)
    if not str(checkpoint["monitor"]).startswith("val/"):
        raise RunError(
            f"checkpoint.monitor is {checkpoint['monitor']}, and schemes are compared by a metric of the validation "
            "split: choose one, such as val/loss with --checkpoint.mode min"
        )
    for kind in (StepTimer, DataMonitor, ExpertLoadBalancer):
        if not any(isinstance(callback, kind) for callback in first.trainer.callbacks):  # type: ignore[attr-defined]
            raise RunError(
                f"{kind.__name__} is not among the callbacks, and a comparison measures by it; leave it there"
            )
    results = Results(
        task=asked.task,
        options=asked.options,
        data=fingerprint(first.datamodule),
        metric=checkpoint["monitor"].removeprefix("val/"),
        mode=checkpoint["mode"],
        target=asked.target,
        where=dict(here),
        runs={},
    )
    path = asked.folder / "results.json"
    if path.exists():
        try:
            old = Results.model_validate_json(path.read_text("utf-8"))
        except ValidationError as error:
            raise RunError(f"{path} cannot be read; choose another --folder") from error
        for name in ("task", "options", "data", "metric", "mode", "where"):
            then, now = (alike(getattr(each, name)) for each in (old, results))
            if then != now:
                raise RunError(f"{name} is {now}, and {asked.folder} has runs with {then}; choose another --folder")
        results.runs.update(old.runs)
        results.where.update(old.where)
    return results, here


def tried_out(main: Main, options: list[str]) -> CLI:
    """What would be trained."""
    with contextlib.redirect_stdout(io.StringIO()):
        return main(["fit", *options, *NO_STEPS, *ALONE])


def where(first: CLI) -> dict[str, str]:
    """What a figure must be quoted with; here was one process, and how many a run has, options and devices say."""
    known = environment(first.trainer) | {"date": datetime.date.today().isoformat()}
    devices = {"devices at hand": str(first.trainer.accelerator.auto_device_count())}
    return {key: value for key, value in known.items() if key != "processes"} | devices


def alike(value: object) -> object:
    """What must not change while a comparison lasts; days and kernels may."""
    return {key: each for key, each in value.items() if key not in PASSING} if isinstance(value, dict) else value


def joined(then: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """What may change and has, one after the other."""
    return {name: ", ".join(dict.fromkeys([*then[name].split(", "), now[name]])) for name in PASSING}


def fingerprint(data: TextDataModule) -> str:
    """What tells data from other data: the vocabulary, and every sample."""
    seen = hashlib.sha256(data.tokenizer.to_str().encode())
    for _, samples in sorted(data.samples.items()):
        for part in samples.contents():
            seen.update(part.numpy().tobytes())
    sizes = ", ".join(f"{len(samples):,} of {split}" for split, samples in sorted(data.samples.items()))
    return f"{type(data.corpus).__name__}, samples: {sizes} ({seen.hexdigest()[:12]})"
