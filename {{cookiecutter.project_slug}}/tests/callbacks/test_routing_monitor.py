import re

import pytest
import torch

from adaptive_moe.callbacks.routing_monitor import NEVER, layer_scalars, refuse_overflow
from adaptive_moe.errors import RunError

from ..conftest import Run


def test_scalars_of_a_known_load() -> None:
    names = ["layer_0", "layer_1"]
    loads = torch.tensor([[6.0, 2.0], [3.0, 9.0]])
    values = {tag: float(value) for tag, value in layer_scalars(names, loads, torch.tensor([8, 8]), steps=2).items()}
    assert values == {
        "routing/layer_0/experts_per_token": 1.0,
        "routing/layer_0/tokens_per_expert/0": 3.0,
        "routing/layer_0/tokens_per_expert/1": 1.0,
        "routing/layer_1/experts_per_token": 1.5,
        "routing/layer_1/tokens_per_expert/0": 1.5,
        "routing/layer_1/tokens_per_expert/1": 4.5,
    }


def test_the_layer_and_the_step_that_overflowed_first_are_named() -> None:
    refuse_overflow(torch.tensor([NEVER, NEVER]), ["layer_0", "layer_3"])
    with pytest.raises(RunError, match="layer_3 are not finite in step 7;"):
        refuse_overflow(torch.tensor([9, 7]), ["layer_0", "layer_3"])


def test_a_run_whose_router_overflows_ends_with_a_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", "--trainer.max_steps=6", "--model.optimizer.lr=1e30")
    said = capsys.readouterr()
    assert re.search(r"error: the router's logits of layer_\d are not finite in step [2-4];", said.err)
    assert "validation perplexity" not in said.out
