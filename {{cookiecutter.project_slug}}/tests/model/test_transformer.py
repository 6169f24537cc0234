import pytest
import torch

from adaptive_moe.model import Decoder, generate
from adaptive_moe.model.attention import SelfAttention, rotate
from adaptive_moe.moe import MoEConfig, SequenceBudget, Threshold


@pytest.fixture
def model() -> Decoder:
    torch.manual_seed(0)
    feed_forwards = MoEConfig(num_experts=4, expert_dim=16).build(24, 2, Threshold(0.2))
    return Decoder(vocab_size=50, dim=24, num_heads=2, feed_forwards=feed_forwards).double()


IDS = torch.arange(1, 13).view(1, 12)
SAMPLES = torch.tensor([[0] * 5 + [1] * 4 + [-1] * 3])


def test_a_token_sees_its_own_sample_and_the_past_and_nothing_else(model: Decoder) -> None:
    before, _ = model(IDS, SAMPLES)
    for position in range(12):
        changed = IDS.clone()
        changed[0, position] = 49
        after, _ = model(changed, SAMPLES)
        moved = ~torch.isclose(before, after, rtol=0, atol=1e-9).all(-1)[0]
        sample = SAMPLES[0, position]
        may_move = (SAMPLES[0] == sample) & (torch.arange(12) >= position)
        assert not moved[~may_move].any()
        if sample >= 0:
            assert moved[may_move].all()


def test_every_layer_with_experts_returns_its_routing_under_its_name(model: Decoder) -> None:
    _, routings = model(IDS, SAMPLES)
    assert list(routings) == ["layer_0", "layer_1"]
    assert all(torch.equal(routing.mask, SAMPLES[0] >= 0) for routing in routings.values())
    mixed = MoEConfig(num_experts=4, expert_dim=16, layers=[1]).build(24, 3, Threshold())
    _, routings = Decoder(50, 24, 2, mixed)(IDS, SAMPLES)
    assert list(routings) == ["layer_1"]


def test_a_policy_that_sees_the_future_is_refused() -> None:
    feed_forwards = MoEConfig(num_experts=4, expert_dim=16).build(24, 2, SequenceBudget())
    with pytest.raises(ValueError, match="gating is SequenceBudget"):
        Decoder(50, 24, 2, feed_forwards)


def test_a_sample_does_not_care_where_in_the_row_it_lies(model: Decoder) -> None:
    packed, _ = model(IDS, SAMPLES)
    alone, _ = model(IDS[:, 5:9], torch.zeros(1, 4, dtype=torch.long))
    torch.testing.assert_close(packed[:, 5:9], alone, rtol=1e-6, atol=1e-6)


def test_an_all_padding_row_gives_finite_values_and_gradients(model: Decoder) -> None:
    hidden, _ = model(IDS, torch.full_like(IDS, -1))
    hidden.sum().backward()
    assert torch.isfinite(hidden).all()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_rotation_keeps_lengths_and_depends_on_distance_alone() -> None:
    q, k = torch.randn(2, 1, 1, 1, 8).double().expand(2, 1, 1, 10, 8).unbind()
    scores = rotate(q)[0, 0] @ rotate(k)[0, 0].T
    torch.testing.assert_close(rotate(q).norm(dim=-1), q.norm(dim=-1), rtol=1e-6, atol=0)
    torch.testing.assert_close(scores.diagonal(2), scores[0, 2].expand(8), rtol=1e-5, atol=1e-6)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="dim is 190; 6 heads"):
        SelfAttention(190, 6)


def test_the_likeliest_continuation_is_the_argmax_at_every_step(model: Decoder) -> None:
    ids = generate(model, IDS[:, :4], num_tokens=5, temperature=0.0, end_of_text=0).clone()
    hidden, _ = model(ids[:, :-1], torch.zeros_like(ids[:, :-1]))
    assert torch.equal(ids[:, 4:], model.logits(hidden).argmax(-1)[:, 3:])


def test_sampling_follows_the_seed_and_a_text_that_ended_stays_ended(model: Decoder) -> None:
    torch.manual_seed(1)
    first = generate(model, IDS[:, :4].repeat(64, 1), num_tokens=20, temperature=1.0, end_of_text=0)
    torch.manual_seed(1)
    assert torch.equal(first, generate(model, IDS[:, :4].repeat(64, 1), num_tokens=20, temperature=1.0, end_of_text=0))
    ended = (first[:, 4:] == 0).cummax(1).values
    assert ended.any()
    assert (first[:, 4:][ended] == 0).all()
