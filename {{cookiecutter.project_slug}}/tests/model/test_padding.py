import pytest
import torch
from torch.nn.functional import pad

from adaptive_moe.model import Decoder, EncoderDecoder, Positions

from .models import EXACT, IDS, KINDS, ROUTED, SAMPLES, SOURCE_IDS, SOURCE_SAMPLES, build, hidden

ONE = torch.zeros_like(IDS)


@pytest.mark.parametrize("sides", [(0, 3), (3, 0), (2, 9)])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_no_output(kind: str, dense: bool, positions: Positions, sides: tuple[int, int]) -> None:
    model = build(kind, positions, dense)
    left, right = sides
    want = hidden(model)
    got = hidden(
        model,
        pad(IDS, sides, value=49),
        pad(SAMPLES, sides, value=-1),
        pad(SOURCE_IDS, (right, left), value=48),
        pad(SOURCE_SAMPLES, (right, left), value=-1),
    )
    real = SAMPLES >= 0
    torch.testing.assert_close(got[:, left : left + 12][real], want[real], rtol=0, atol=EXACT if dense else ROUTED)


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", ["decoder", "encoder_decoder"])
def test_rows_of_one_sample_need_no_mask(kind: str, positions: Positions, dense: bool) -> None:
    model = build(kind, positions, dense)
    ids, samples = IDS.repeat(2, 1), torch.tensor([[0] * 12, [1] * 7 + [-1] * 5])
    source = (SOURCE_IDS.repeat(2, 1), torch.tensor([[0] * 6 + [-1] * 4, [1] * 10]))
    sources = source if isinstance(model, EncoderDecoder) else ()
    fast, _ = model(ids, samples, *sources, packed=False)
    masked, _ = model(ids, samples, *sources, packed=True)
    real = samples >= 0
    torch.testing.assert_close(fast[real], masked[real], rtol=0, atol=EXACT if dense else ROUTED)


def test_an_encoder_decoder_takes_rows_for_unpacked_unless_told() -> None:
    model = build("encoder_decoder")
    plain, _ = model(IDS, ONE, SOURCE_IDS, torch.zeros_like(SOURCE_IDS))
    unpacked, _ = model(IDS, ONE, SOURCE_IDS, torch.zeros_like(SOURCE_IDS), packed=False)
    assert torch.equal(plain, unpacked)


@pytest.mark.parametrize("source_number", [-1, 0])
@pytest.mark.parametrize("number", [-1, 0])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_padding_give_finite_values_and_gradients(kind: str, number: int, source_number: int) -> None:
    model = build(kind)
    rows = torch.full_like(IDS, number), SOURCE_IDS, torch.full_like(SOURCE_IDS, source_number)
    out = hidden(model, IDS, *rows)
    if kind == "encoder_decoder":
        out = out + model(IDS, *rows, packed=False)[0]
    elif isinstance(model, Decoder):
        out = out + model(IDS, rows[0], packed=False)[0]
    torch.autograd.backward(out.square().sum())
    assert torch.isfinite(out).all()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_padding_of_the_target_beside_a_full_source_is_finite() -> None:
    model = build("encoder_decoder")
    full = torch.ones_like(SOURCE_IDS)
    out = hidden(model, samples=torch.tensor([[1] * 7 + [-1] * 5]), source_samples=full)
    torch.autograd.backward(out.square().sum())
    assert torch.isfinite(out).all()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
