from typing import Any

import pytest
import torch
from lightning.pytorch import Callback

from adaptive_moe.callbacks import ExpertLoadBalancer
from adaptive_moe.moe import Threshold

from .training import Batches, fit, layers, task


class Loads(Callback):
    """Notes the tokens per expert of every batch."""

    def __init__(self) -> None:
        self.loads: list[torch.Tensor] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
        self.loads.append(torch.stack([each.tokens_per_expert for each in outputs["routings"].values()]).float())

    def worst(self, batches: slice) -> float:
        load = torch.stack(self.loads[batches]).sum(0)
        return float((load.max(1).values / load.mean(1)).max())


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
def test_it_spreads_a_load_that_had_collapsed(scores: str) -> None:
    module, loads = task(Threshold(), selection_bias=True, scores=scores, num_experts=16), Loads()
    # every token has something of the first, which all routers take for a sign of their first expert
    module.model.embedding.weight.data += 0.6 * module.model.embedding.weight.data[0].sign()
    for layer in layers(module):
        layer.router.linear.weight.data[0] = module.model.embedding.weight.data[0].sign() / 12
    fit(module, Batches(200), ExpertLoadBalancer(rate=0.003), loads)
    assert loads.worst(slice(1)) > 8
    assert loads.worst(slice(-20, None)) < 1.5


def test_biases_move_once_an_optimiser_step_by_the_load_of_all_its_batches() -> None:
    module, loads = task(Threshold(), selection_bias=True), Loads()
    fit(module, Batches(2), ExpertLoadBalancer(rate=0.5), loads, accumulate_grad_batches=2)
    total = loads.loads[0] + loads.loads[1]
    assert not torch.equal(loads.loads[0] < loads.loads[0].mean(), total < total.mean())
    for layer, load in zip(layers(module), total, strict=True):
        assert layer.router.bias is not None
        move = 0.5 * (load.mean() - load).sign()
        torch.testing.assert_close(layer.router.bias, move - move.mean())


def test_a_model_without_biases_is_watched() -> None:
    module, balancer = task(Threshold()), ExpertLoadBalancer()
    before = [layer.router.linear.weight.clone() for layer in layers(module)]
    fit(module, Batches(4), balancer, log_every_n_steps=2)
    assert len(balancer.history.columns) == 2
    assert all(torch.equal(layer.router.linear.weight, was) for layer, was in zip(layers(module), before, strict=True))


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rate is 0"):
        ExpertLoadBalancer(0.0)
