import pytest
import torch
from torch import Tensor

from adaptive_moe.model import Decoder, Encoder, EncoderDecoder, Positions
from adaptive_moe.model.cache import BlockCache

from .models import EXACT, KINDS, ROUTED, build

IDS = torch.randint(1, 50, (3, 12), generator=torch.Generator().manual_seed(1))
SAMPLES = torch.tensor([[0] * 12, [-1] * 4 + [1] * 8, [-1] * 1 + [2] * 11])  # unequal prompts, padded on the left
SOURCE_IDS = torch.randint(1, 50, (3, 7), generator=torch.Generator().manual_seed(2))
SOURCE_SAMPLES = torch.tensor([[0] * 4 + [-1] * 3, [1] * 7, [2] * 2 + [-1] * 5])


def cached(model: Decoder | EncoderDecoder, steps: list[int]) -> Tensor:
    """Logits, read in pieces that end at `steps`."""
    stack = model.decoder if isinstance(model, EncoderDecoder) else model
    caches, out, start = [BlockCache() for _ in stack.blocks], [], 0
    source = model.encode(SOURCE_IDS, SOURCE_SAMPLES)[0] if isinstance(model, EncoderDecoder) else None
    for end in steps:
        new = IDS[:, start:end], SAMPLES[:, :end]
        if isinstance(model, EncoderDecoder):
            assert source is not None
            hidden, _ = model.decode(*new, source, SOURCE_SAMPLES, packed=True, caches=caches)
        else:
            hidden, _ = model(*new, caches=caches)
        out.append(model.logits(hidden))
        start = end
    return torch.cat(out, dim=1)


@pytest.mark.parametrize("steps", [[6, *range(7, 13)], [5, 9, 12], [12]])
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_cached_logits_are_the_uncached_ones(kind: str, positions: Positions, dense: bool, steps: list[int]) -> None:
    model = build(kind, positions, dense)
    assert not isinstance(model, Encoder)
    sources = (SOURCE_IDS, SOURCE_SAMPLES) if isinstance(model, EncoderDecoder) else ()
    hidden, _ = model(IDS, SAMPLES, *sources, packed=True)
    want = model.logits(hidden)
    torch.testing.assert_close(cached(model, steps), want, rtol=0, atol=EXACT if dense else ROUTED)
