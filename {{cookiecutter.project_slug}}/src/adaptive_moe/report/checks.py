"""Everything that can be refused before the first run is."""

import contextlib
import datetime
import hashlib
import io

from ..callbacks.dashboard import environment
from ..cli import CLI
from ..data import TextDataModule
from ..errors import RunError
from .asked import Asked, Main
from .inference import ALONE
from .results import Results

NOTHING = ("--trainer.max_steps=0", "--trainer.num_sanity_val_steps=0", "--trainer.logger=false")
A_MEAN = 1.5  # experts per token, in place of what the adaptive run is going to measure


def begun(asked: Asked) -> Results:
    """The results so far, after each scheme's options have been tried on a run of no steps.

    Raises:
        RunError: The folder has runs of something else.
    """
    tried = [tried_out(asked.main, asked.arguments(name, A_MEAN)) for name in asked.schemes]
    checkpoint = tried[0].config["fit"]["checkpoint"]
    results = Results(
        task=asked.task,
        options=asked.options,
        data=mark(tried[0].datamodule),
        metric=checkpoint["monitor"].removeprefix("val/"),
        mode=checkpoint["mode"],
        target=asked.target,
        where={"date": datetime.date.today().isoformat(), **environment(tried[0].trainer)},
        runs={},
    )
    path = asked.folder / "results.json"
    if path.exists():
        old = Results.model_validate_json(path.read_text("utf-8"))
        for name in ("task", "options", "data"):
            if getattr(old, name) != getattr(results, name):
                raise RunError(
                    f"{name} is {getattr(results, name)}, and {asked.folder} has runs with {getattr(old, name)}; "
                    "choose another --folder"
                )
        results.runs.update(old.runs)
    return results


def tried_out(main: Main, options: list[str]) -> CLI:
    """What would be trained."""
    with contextlib.redirect_stdout(io.StringIO()):
        return main(["fit", *options, *NOTHING, *ALONE])


def mark(data: TextDataModule) -> str:
    """What tells data from other data: the vocabulary, and the length of every sample."""
    seen = hashlib.sha256(data.tokenizer.to_str().encode())
    for _, samples in sorted(data.samples.items()):
        seen.update(samples.lengths.numpy().tobytes())
    sizes = ", ".join(f"{len(samples):,} of {split}" for split, samples in sorted(data.samples.items()))
    return f"{type(data.corpus).__name__}, samples: {sizes} ({seen.hexdigest()[:12]})"
