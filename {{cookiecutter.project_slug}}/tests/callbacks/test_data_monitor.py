from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adaptive_moe.data import Batch

from ..conftest import Run, called


class Counter(Callback):
    """Empty and all places of each batch."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, int]] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.batches.append((int((batch.samples < 0).sum()), batch.samples.numel()))


def test_padding_is_logged_as_a_share_of_the_places_since_the_last_log(run: Run, corpus: Path) -> None:
    options = ["--data.corpus=Texts", f"--data.corpus.path={corpus}", "--data.packing=false", "--trainer.max_steps=6"]
    cli = run("fit", *options, "--trainer.callbacks+=tests.callbacks.test_data_monitor.Counter")
    (counter,) = called(cli, "Counter")
    expected = [
        (first[0] + second[0]) / (first[1] + second[1])
        for first, second in zip(counter.batches[::2], counter.batches[1::2], strict=True)
    ]
    events = EventAccumulator("runs/text_completion/version_0").Reload().Scalars("data/padding_share")
    assert [event.value for event in events] == pytest.approx(expected)
    assert min(expected) > 0.05
