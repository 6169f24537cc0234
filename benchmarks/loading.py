"""Batches of the offline corpora: how fast they come, how much of them is padding, what counting difficulty costs."""

import itertools
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import Call, in_turn, ratios
from ordering import Row
from training_step import step, task

from adaptive_moe.callbacks.counting import count
from adaptive_moe.data import Batch, Difficulty, LengthBucketed, Order, PythonDocs, Random, TextDataModule
from adaptive_moe.moe import Threshold

WAYS: dict[str, dict[str, Any]] = {
    "packed, 8 rows": {},
    "padded, 8 rows": {"packing": False},
    "padded, 2048 tokens": {"packing": False, "batch_size": None, "token_budget": 2048},
}


def module(folder: Path, order: Order, **options: object) -> TextDataModule:
    """The default corpus and sizes."""
    made = TextDataModule(PythonDocs(), order, cache_dir=str(folder), **options)  # type: ignore[arg-type]
    made.prepare_data()
    made.setup("fit")
    return made


def padding_rows(folder: Path) -> Iterator[Row]:
    """The share of an epoch's places that is empty, in random order and by length."""
    for way, options in WAYS.items():
        shares = {}
        for order in (Random(), LengthBucketed()):
            batches = list(module(folder, order, **options).train_dataloader())
            empty = sum(int((~batch.mask).sum()) for batch in batches)
            shares[type(order).__name__] = f"{empty / sum(batch.ids.numel() for batch in batches):.1%}"
        yield {"task": "text completion", "batches": way, **shares}


def loader_rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Tokens that the loader gives in the time in which the model trains on one, in turn."""
    for way, options in WAYS.items():
        data = module(folder, Random(), **options)
        endless = itertools.chain.from_iterable(data.train_dataloader() for _ in itertools.count())
        train = step(task(Threshold(0.1, "renormalised")), next(endless))
        load = loads(endless, 50)
        seconds = in_turn({"train": train, "load": load}, "cpu", rounds)
        low, middle, high = ratios(seconds["train"], [each / 50 for each in seconds["load"]])
        yield {
            "batches": way,
            "ms a batch": round(statistics.median(seconds["load"]) / 50 * 1000, 2),
            "times what the model consumes": f"{middle:.0f} ({low:.0f} to {high:.0f})",
        }


def loads(batches: Iterator[Batch], number: int) -> Call:
    """Read so many."""
    return lambda: [next(batches) for _ in range(number)]


def difficulty_rows(folder: Path, rounds: int) -> Iterator[Row]:
    """What counting two-expert tokens takes of a training step."""
    data = module(folder, Random())
    batch = next(iter(data.train_dataloader()))
    model = task(Threshold(0.1, "renormalised"))
    routings = model.training_step(batch, 0)["routings"]
    difficulty = Difficulty(data.samples["train"].lengths)
    calls = {"count": lambda: count(difficulty, routings, batch), "train": step(model, batch)}
    low, middle, high = ratios(*in_turn(calls, "cpu", rounds).values())
    yield {"part of a step": f"{middle:.3%} ({low:.3%} to {high:.3%})", "goal": "below 1 %"}
