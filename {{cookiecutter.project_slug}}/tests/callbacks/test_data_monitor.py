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
    pairs = list(zip(counter.batches[::2], counter.batches[1::2], strict=True))
    expected = [(first[0] + second[0]) / (first[1] + second[1]) for first, second in pairs]
    events = EventAccumulator("runs/text_completion/version_0").Reload().Scalars("data/padding_share")
    assert [event.value for event in events] == pytest.approx(expected)
    assert min(expected) > 0.05
    tokens = [sum(places - empty for empty, places in pair) for pair in pairs]
    per_step = EventAccumulator("runs/text_completion/version_0").Reload().Scalars("data/tokens_per_step")
    assert [2 * event.value for event in per_step] == tokens


@pytest.mark.slow
def test_place_in_the_epoch_and_difficulty_follow_the_order(run: Run, corpus: Path) -> None:
    """Each text a batch, easy to hard: the first epoch knows of no difficulty, and in the second it rises."""
    options = ["--data.corpus=Texts", f"--data.corpus.path={corpus}", "--data.packing=false", "--data.batch_size=1"]
    options += ["--trainer.callbacks+=RoutingDifficulty", "--data.order=Complexity", "--data.order.mode=magnitude"]
    cli = run("fit", *options, "--data.order.buckets=1000", "--trainer.log_every_n_steps=1", "--trainer.max_steps=160")
    length = cli.trainer.num_training_batches
    assert length < 130
    events = EventAccumulator("runs/text_completion/version_0").Reload()
    fractions = [event.value for event in events.Scalars("data/epoch_fraction")]
    assert fractions == pytest.approx([(step % length + 1) / length for step in range(160)])
    difficulties = events.Scalars("data/difficulty")
    assert [event.step for event in difficulties] == list(range(int(length), 160))
    values = [event.value for event in difficulties]
    assert values == sorted(values)
    assert 0 <= values[0] < values[-1] <= 1
