from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from adaptive_moe.model import Positions

from .models import EXACT, IDS, KINDS, SAMPLES, SOURCE_IDS, SOURCE_SAMPLES, build, hidden


def influence(run: Callable[[Tensor], Tensor], ids: Tensor) -> Tensor:
    """True at (i, j) where the output at i moves with the token at j."""
    before, columns = run(ids), []
    for position in range(ids.shape[1]):
        changed = ids.clone()
        changed[0, position] = 49
        columns.append(~torch.isclose(before, run(changed), rtol=0, atol=EXACT).all(-1)[0])
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("positions", ["rotary", "learned"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_sees_its_own_sample_and_nothing_else_and_in_a_decoder_no_future(
    kind: str, positions: Positions
) -> None:
    model = build(kind, positions)
    expected = SAMPLES[0].unsqueeze(1) == SAMPLES[0]
    if kind != "encoder":
        expected = expected.tril()
    real = SAMPLES[0] >= 0
    moved = influence(lambda ids: hidden(model, ids), IDS)
    assert torch.equal(moved[real], expected[real])
    assert not moved[~real][:, real].any()


def test_a_target_token_sees_the_whole_source_of_its_sample_and_no_other() -> None:
    model = build("encoder_decoder")
    real = SAMPLES[0] >= 0
    moved = influence(lambda ids: hidden(model, source_ids=ids), SOURCE_IDS)
    assert torch.equal(moved[real], SAMPLES[0][real].unsqueeze(1) == SOURCE_SAMPLES[0])
    assert not moved[~real][:, SOURCE_SAMPLES[0] >= 0].any()


def test_a_token_without_a_source_sees_no_other_source() -> None:
    model = build("encoder_decoder")
    other = torch.full_like(SOURCE_SAMPLES, 7)
    assert not influence(lambda ids: hidden(model, source_ids=ids, source_samples=other), SOURCE_IDS).any()
