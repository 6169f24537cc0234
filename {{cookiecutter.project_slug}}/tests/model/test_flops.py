from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from adaptive_moe.model import Decoder, Encoder, EncoderDecoder, Positions, flops_per_token
from adaptive_moe.moe import MoEConfig, Threshold

from .models import KINDS, build


def decoder(**moe: Any) -> Decoder:
    config = MoEConfig(num_experts=4, expert_dim=16, **moe)
    return Decoder(50, 24, 2, config.build(24, 3, Threshold()))


@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_torch_counts_for_a_dense_model(kind: str, positions: Positions) -> None:
    model, ids = build(kind, positions, dense=True), torch.ones(2, 10, dtype=torch.long)
    source = torch.ones(2, 7 if isinstance(model, EncoderDecoder) else 0, dtype=torch.long)
    sources = (source, torch.zeros_like(source)) if isinstance(model, EncoderDecoder) else ()
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        hidden, _ = model(ids, torch.zeros_like(ids), *sources)
        if not isinstance(model, Encoder):
            model.logits(hidden)
    # norms and softmaxes count for nothing there too
    counted = counter.get_total_flops() / (ids.numel() + source.numel())
    assert flops_per_token(model, 10, {}, source.shape[1]) == counted


@pytest.mark.parametrize("activation", ["swiglu", "gelu"])
def test_experts_cost_what_a_dense_layer_of_their_width_costs_and_the_router(activation: str) -> None:
    used = {"layer_0": 1.25, "layer_2": 1.75}
    experts = flops_per_token(decoder(layers=[0, 2], activation=activation), 10, used)
    dense = flops_per_token(decoder(layers=[], activation=activation), 10, {})
    one_expert = 2 * 24 * 16 * (3 if activation == "swiglu" else 2)
    assert experts == dense + (0.25 + 0.75) * one_expert + 2 * 2 * 24 * 4


def test_experts_of_an_encoder_count_over_the_source_and_of_a_decoder_over_the_target() -> None:
    model = build("encoder_decoder")

    def row(**more: float) -> float:
        used = dict.fromkeys(("encoder_layer_0", "encoder_layer_1", "decoder_layer_0", "decoder_layer_1"), 1.0)
        return (10 + 7) * flops_per_token(model, 10, used | more, source_length=7)

    one_expert = 2 * 24 * 16 * 3
    assert row(encoder_layer_1=1.5) - row() == pytest.approx(0.5 * 7 * one_expert)
    assert row(decoder_layer_0=1.5) - row() == pytest.approx(0.5 * 10 * one_expert)
