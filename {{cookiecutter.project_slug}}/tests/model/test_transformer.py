import pytest
import torch

from adaptive_moe.model import Decoder, Encoder, EncoderDecoder
from adaptive_moe.moe import MoEConfig, SequenceBudget, Threshold

from .models import EXACT, IDS, KINDS, SAMPLES, SOURCE_IDS, SOURCE_SAMPLES, build

BUDGET = MoEConfig(num_experts=4, expert_dim=16)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_every_layer_with_experts_returns_its_routing_under_its_name(kind: str) -> None:
    _, routings = build(kind)(IDS, SAMPLES)
    assert list(routings) == ["layer_0", "layer_1"]
    assert all(torch.equal(routing.mask, SAMPLES[0] >= 0) for routing in routings.values())
    mixed = MoEConfig(num_experts=4, expert_dim=16, layers=[1]).build(24, 3, Threshold())
    _, routings = Decoder(50, 24, 2, mixed)(IDS, SAMPLES)
    assert list(routings) == ["layer_1"]


def test_the_routings_of_an_encoder_decoder_tell_the_two_apart() -> None:
    _, routings = build("encoder_decoder")(IDS, SAMPLES, SOURCE_IDS, SOURCE_SAMPLES, packed=True)
    real = {"encoder": SOURCE_SAMPLES[0] >= 0, "decoder": SAMPLES[0] >= 0}
    assert list(routings) == [f"{part}_layer_{number}" for part in real for number in range(2)]
    assert all(torch.equal(routing.mask, real[name.partition("_")[0]]) for name, routing in routings.items())


def test_a_policy_that_sees_the_future_is_refused_where_something_decodes() -> None:
    budget, plain = BUDGET.build(24, 2, SequenceBudget()), BUDGET.build(24, 2, Threshold())
    with pytest.raises(ValueError, match="gating is SequenceBudget"):
        Decoder(50, 24, 2, budget)
    with pytest.raises(ValueError, match="gating is SequenceBudget"):
        EncoderDecoder(50, 24, 2, plain, budget)
    _, routings = Encoder(50, 24, 2, budget)(IDS, SAMPLES)
    assert routings["layer_0"].selected.sum() == round(1.25 * 5) + round(1.25 * 4)


@pytest.mark.parametrize("kind", ["decoder", "encoder_decoder"])
def test_input_and_output_share_one_embedding(kind: str) -> None:
    model = build(kind)
    assert not isinstance(model, Encoder)
    logits = model.logits(torch.ones(3, 24).double())
    torch.testing.assert_close(logits[0], model.embedding.weight.sum(1), rtol=0, atol=EXACT)
    assert sum(value.shape[0] == 50 for value in model.state_dict().values()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns(kind: str) -> None:
    model = build(kind, "learned")
    out, _ = model(IDS, SAMPLES, *((SOURCE_IDS, SOURCE_SAMPLES) if kind == "encoder_decoder" else ()))
    out.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
