"""Options and trainers that a data module refuses."""

from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from adaptive_moe.callbacks import RoutingDifficulty, ScoringPass
from adaptive_moe.data import Complexity, PythonDocs, Random, TextDataModule, Texts
from adaptive_moe.data.corpora import Doctests
from adaptive_moe.errors import RunError


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"corpus": Doctests()},
            "packing is true, and samples of Turns stay whole: take .*, or set --data.packing false",
        ),
        ({"corpus": Doctests(), "packing": False}, "long_texts is split, and samples of Turns stay whole"),
        ({"vocab_size": 256}, "vocab_size is 256"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": None}, "batch_size is null, and so is token_budget"),
        ({"token_budget": 255}, "token_budget is 255; a sample of context_length 256 does not fit in"),
        ({"context_length": -1}, "context_length is -1"),
        ({"window": 0}, "window is 0"),
        ({"num_workers": -1}, "num_workers is -1"),
        ({"window": 9, "order": Complexity(start_share=0.5, full_after=2)}, "window is 9, and start_share is below 1"),
        ({"corpus": Texts("x", streaming=True)}, "window is null, and the corpus is a stream"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_read(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TextDataModule(**{"corpus": PythonDocs(), "order": Random(), **arguments})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"use_distributed_sampler": True}, "use_distributed_sampler is true, and Lightning would shuffle"),
        ({"reload_dataloaders_every_n_epochs": 0}, "reload_dataloaders_every_n_epochs is 0"),
        ({"callbacks": []}, "order is Complexity, and no callback tells how difficult samples are"),
        ({"callbacks": [RoutingDifficulty(), ScoringPass()]}, "RoutingDifficulty and ScoringPass, which both tell"),
        ({}, ""),
    ],
)
def test_a_trainer_that_would_undo_the_order_is_refused(options: dict[str, Any], words: str) -> None:
    right: dict[str, Any] = {
        "use_distributed_sampler": False,
        "reload_dataloaders_every_n_epochs": 1,
        "callbacks": [RoutingDifficulty()],
        "accelerator": "cpu",
        "logger": False,
    }
    data = TextDataModule(PythonDocs(), Complexity())
    if words:
        with pytest.raises(RunError, match=words):
            data.check(Trainer(**{**right, **options}))
    else:
        data.check(Trainer(**right))


def test_a_window_takes_a_source_that_knows_its_samples_or_goes_by_length() -> None:
    def check(*callbacks: Callback) -> None:
        options: dict[str, Any] = {"use_distributed_sampler": False, "reload_dataloaders_every_n_epochs": 1}
        data.check(Trainer(callbacks=list(callbacks), accelerator="cpu", logger=False, **options))

    data = TextDataModule(PythonDocs(), Complexity(), window=10)
    check()
    check(ScoringPass())
    with pytest.raises(RunError, match="window is 10, and RoutingDifficulty knows only samples that were trained on"):
        check(RoutingDifficulty())
