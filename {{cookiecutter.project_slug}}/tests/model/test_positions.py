import pytest
import torch

from adaptive_moe.model import Positions
from adaptive_moe.model.attention import SelfAttention
from adaptive_moe.model.positions import Rotation, positions_in_samples

from .models import EXACT, IDS, KINDS, ROUTED, SAMPLES, SOURCE_IDS, build, hidden


def test_positions_begin_anew_with_every_sample() -> None:
    samples = torch.tensor([[0, 0, 0, 1, 1, -1, -1], [-1, -1, 4, 4, 4, 4, 4], [5, 5, 5, 5, 5, 5, 5]])
    expected = [[0, 1, 2, 0, 1, 0, 1], [0, 1, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6]]
    assert positions_in_samples(samples).tolist() == expected


def test_rotation_keeps_lengths_and_depends_on_distance_alone() -> None:
    q, k = torch.randn(2, 1, 1, 1, 8).double().expand(2, 1, 1, 10, 8).unbind()
    rotation = Rotation.at(torch.arange(10).view(1, 10), 8)
    scores = rotation.turned(q)[0, 0] @ rotation.turned(k)[0, 0].T
    torch.testing.assert_close(rotation.turned(q).norm(dim=-1), q.norm(dim=-1), rtol=1e-6, atol=0)
    torch.testing.assert_close(scores.diagonal(2), scores[0, 2].expand(8), rtol=1e-5, atol=1e-6)


def test_far_positions_stay_apart_in_low_precision() -> None:
    rotation = Rotation.at(torch.tensor([[4096, 4097]]), 8)
    one, next_one = rotation.turned(torch.ones(1, 1, 2, 8, dtype=torch.bfloat16))[0, 0]
    assert (one[0] - next_one[0]).abs() > 0.1


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="dim is 190; 6 heads"):
        SelfAttention(190, 6)


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_does_not_care_where_in_the_row_it_lies(kind: str, positions: Positions, dense: bool) -> None:
    model = build(kind, positions, dense)
    packed = hidden(model)[:, 5:9]
    ones = torch.ones(1, 4, dtype=torch.long), SOURCE_IDS[:, 3:8], torch.ones(1, 5, dtype=torch.long)
    alone = hidden(model, IDS[:, 5:9], *ones)
    torch.testing.assert_close(packed, alone, rtol=0, atol=EXACT if dense else ROUTED)


@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_tokens_matters(kind: str, positions: Positions) -> None:
    model, swapped = build(kind, positions), IDS.clone()
    swapped[0, [0, 1]] = IDS[0, [1, 0]]
    assert not torch.allclose(hidden(model)[0, 4], hidden(model, swapped)[0, 4])


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_longer_than_the_learned_positions_is_refused(kind: str) -> None:
    hidden(build(kind, "learned", num_positions=12))
    with pytest.raises(ValueError, match="length is 12; 11 positions are learned"):
        hidden(build(kind, "learned", num_positions=11))
    hidden(build(kind, "rotary", num_positions=11))


def test_a_source_longer_than_the_learned_positions_is_refused() -> None:
    model = build("encoder_decoder", "learned", num_positions=9)
    with pytest.raises(ValueError, match="length is 10; 9 positions"):
        hidden(model, IDS[:, :4], SAMPLES[:, :4])
