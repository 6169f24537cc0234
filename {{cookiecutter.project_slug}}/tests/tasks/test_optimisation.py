import functools

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
