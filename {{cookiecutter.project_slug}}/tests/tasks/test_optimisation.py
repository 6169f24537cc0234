import functools
import math

import pytest
import torch

from adaptive_moe.moe import MoEConfig, Threshold
from adaptive_moe.tasks import Translation
from adaptive_moe.tasks.optimisation import groups, share_of_peak


def test_the_learning_rate_rises_to_its_peak_and_falls_to_a_tenth() -> None:
    rates = [share_of_peak(step, warmup_steps=10, total=110) for step in range(112)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1
    assert rates[110] == rates[111] == pytest.approx(0.1)
    assert sorted(rates[10:], reverse=True) == rates[10:]


def test_without_a_warm_up_it_begins_at_its_peak_and_without_an_end_it_stays_there() -> None:
    assert [share_of_peak(step, 0, math.inf) for step in (0, 1, 10**6)] == [1, 1, 1]
    assert share_of_peak(0, 0, 10) == 1
    assert [share_of_peak(step, 10, 5) for step in (4, 9, 11)] == pytest.approx([0.5, 1, 0.1])  # shorter than that


def test_weights_decay_and_norms_and_biases_do_not() -> None:
    optimizer = functools.partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5)
    module = Translation(gating=Threshold(), optimizer=optimizer, moe=MoEConfig(2, 16), dim=24, num_heads=2)
    made = optimizer(groups(module))
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    made.step()
    for name, parameter in module.named_parameters():
        kept = "norm" in name or "bias" in name
        assert torch.equal(parameter.detach(), before[name] if kept else before[name] * (1 - 0.1 * 0.5)), name
