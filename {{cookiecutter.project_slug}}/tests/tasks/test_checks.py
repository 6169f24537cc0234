"""What a task refuses to work with, in a sentence."""

from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.data import Classified, RunningText, Spans, TextDataModule, Turns
from adaptive_moe.errors import RunError
from adaptive_moe.tasks.checks import words

from . import small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TextDataModule]:
    """The data of every task."""
    folder = tmp_path_factory.mktemp("tasks")
    return {name: small.data(name, folder) for name in small.CORPORA}


@pytest.mark.parametrize("task", small.CORPORA)
def test_data_of_another_form_is_refused_with_what_it_has_and_what_it_needs(
    task: str, made: dict[str, TextDataModule]
) -> None:
    module = small.task(task)
    for data in made.values():
        has, needs = words(data.corpus.tokenising), words(module.form)
        if has == needs:
            module.check(data)
            continue
        mine, theirs = type(module).__name__, type(data.corpus).__name__
        said = f"corpus is {theirs}, whose rows have {has}, and {mine} needs {needs}; take the config of the task"
        with pytest.raises(RunError, match=said):
            module.check(data)


def test_forms_are_known_by_their_columns() -> None:
    named = {form: words(form) for form in (Classified, RunningText, Spans, Turns)}
    expected = ["text and label", "text", "question and context and answers and starts", "turns"]
    assert list(named.values()) == expected


@pytest.mark.parametrize("task", small.CORPORA)
def test_rows_longer_than_the_table_of_positions_are_refused(task: str, made: dict[str, TextDataModule]) -> None:
    small.task(task, positions="learned", num_positions=32).check(made[task])
    small.task(task, num_positions=31).check(made[task])  # rotary ones have no table
    with pytest.raises(RunError, match="context_length is 32, and the model learns 31 positions; set --data"):
        small.task(task, positions="learned", num_positions=31).check(made[task])


def test_a_source_that_is_as_long_as_the_table_is_read_to_its_end(tmp_path: Path) -> None:
    data = small.data("translation", tmp_path, context_length=6)
    module = small.task("translation", positions="learned", num_positions=6)
    for batch in data.val_dataloader():
        assert batch.source
        assert batch.source.ids.shape[1] == 6
        assert module.training_step(batch, 0)["loss"].isfinite()


def checkpoint(task: str, **options: Any) -> dict[str, Any]:
    module = small.task(task, **options)
    saved = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(saved)
    return saved


def test_a_checkpoint_of_another_task_is_refused_whatever_its_shape() -> None:
    small.task("summarisation").on_load_checkpoint(checkpoint("summarisation"))
    with pytest.raises(RunError, match="the checkpoint is of Translation, and this is Summarisation; leave out"):
        small.task("summarisation").on_load_checkpoint(checkpoint("translation"))
    with pytest.raises(RunError, match=r"the checkpoint has \(48, 48\) for .*, and this model \(24, 24\); leave out"):
        small.task("dialogue").on_load_checkpoint(checkpoint("dialogue", dim=48))
    nameless = {"state_dict": small.task("sentiment").state_dict()}
    with pytest.raises(RunError, match=r"the checkpoint has None for .*, and this model \("):
        small.task("question_answering", num_layers=3).on_load_checkpoint(nameless)
