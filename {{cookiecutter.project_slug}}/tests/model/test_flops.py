from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from adaptive_moe.model import Decoder, flops_per_token
from adaptive_moe.moe import MoEConfig, Threshold


def decoder(**moe: Any) -> Decoder:
    config = MoEConfig(num_experts=4, expert_dim=16, **moe)
    return Decoder(50, 24, 2, config.build(24, 3, Threshold()))


def test_it_is_what_torch_counts_for_a_dense_model() -> None:
    model, ids = decoder(layers=[], dense_width=1.5), torch.ones(2, 10, dtype=torch.long)
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        hidden, _ = model(ids, torch.zeros_like(ids))
        model.logits(hidden)
    assert (
        flops_per_token(model, 10, {}) == counter.get_total_flops() / ids.numel()
    )  # norms and softmaxes count for nothing there too


@pytest.mark.parametrize("activation", ["swiglu", "gelu"])
def test_experts_cost_what_a_dense_layer_of_their_width_costs_and_the_router(activation: str) -> None:
    used = {"layer_0": 1.25, "layer_2": 1.75}
    experts = flops_per_token(decoder(layers=[0, 2], activation=activation), 10, used)
    dense = flops_per_token(decoder(layers=[], activation=activation), 10, {})
    one_expert = 2 * 24 * 16 * (3 if activation == "swiglu" else 2)
    assert experts == dense + (0.25 + 0.75) * one_expert + 2 * 2 * 24 * 4
