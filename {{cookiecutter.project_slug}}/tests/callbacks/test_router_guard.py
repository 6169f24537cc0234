import re

import pytest
import torch

from adaptive_moe.callbacks.router_guard import NEVER, refuse_overflow
from adaptive_moe.errors import RunError

from ..conftest import Run


def test_the_layer_and_the_step_that_overflowed_first_are_named() -> None:
    refuse_overflow(torch.tensor([NEVER, NEVER]), ["layer_0", "layer_3"])
    with pytest.raises(RunError, match="layer_3 are not finite in step 7;"):
        refuse_overflow(torch.tensor([9, 7]), ["layer_0", "layer_3"])


def test_a_run_whose_router_overflows_ends_with_a_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("fit", "--trainer.max_steps=6", "--model.optimizer.lr=1e30")
    said = capsys.readouterr()
    assert re.search(r"error: the router's logits of layer_\d are not finite in step [2-4];", said.err)
    assert "best val/perplexity" not in said.out
