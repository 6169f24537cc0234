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
from adaptive_moe.data import (
    Batch,
    Bytecode,
    Corpus,
    Defaults,
    Difficulty,
    Doctests,
    FirstLines,
    LengthBucketed,
    Order,
    PackageDocs,
    PythonDocs,
    Random,
    TextDataModule,
)
from adaptive_moe.moe import Threshold

WAYS: dict[str, dict[str, Any]] = {
    "packed, 8 rows": {},
    "padded, 8 rows": {"packing": False},
    "padded, 2048 tokens": {"packing": False, "batch_size": None, "token_budget": 2048},
}


CORPORA: dict[str, type[Corpus]] = {
    "text completion": PythonDocs,
    "sentiment": PackageDocs,
    "translation": Bytecode,
    "question answering": Defaults,
    "summarisation": FirstLines,
    "dialogue": Doctests,
}


def module(folder: Path, order: Order, corpus: type[Corpus] = PythonDocs, **options: object) -> TextDataModule:
    """At the default sizes; a corpus whose samples cannot be divided has a row for each."""
    long_texts = "split" if corpus.tokenising.divisible else "cut"
    made = TextDataModule(corpus(), order, cache_dir=str(folder), long_texts=long_texts, **options)  # type: ignore[arg-type]
    made.prepare_data()
    made.setup("fit")
    return made


def padding_rows(folder: Path) -> Iterator[Row]:
    """The share of an epoch's places that is empty, in random order and by length."""
    for name, corpus in CORPORA.items():
        for way, options in WAYS.items():
            if options or corpus.tokenising.divisible:
                orders = (Random(), LengthBucketed())
                data = {type(order).__name__: module(folder, order, corpus, **options) for order in orders}
                yield {"task": name, "batches": way, **{order: empty_share(each) for order, each in data.items()}}


def empty_share(data: TextDataModule) -> str:
    """Of an epoch's places in all stacks, those without a token."""
    batches = list(data.train_dataloader())
    places = sum(samples.numel() for batch in batches for samples in batch.stacks.values())
    return f"{1 - sum(int(batch.num_tokens) for batch in batches) / places:.1%}"


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
