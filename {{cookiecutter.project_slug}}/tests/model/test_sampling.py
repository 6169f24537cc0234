import pytest
import torch

from adaptive_moe.model.sampling import choose

PROBS = torch.tensor([0.15, 0.5, 0.05, 0.3])


def shares(temperature: float, top_p: float) -> torch.Tensor:
    """Of each token in many draws."""
    torch.manual_seed(0)
    drawn = choose(PROBS.log().expand(20_000, 4), temperature, top_p)
    return drawn.flatten().bincount(minlength=4) / 20_000


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.01, [1]), (0.49, [1]), (0.51, [1, 3]), (0.81, [0, 1, 3]), (0.96, [0, 1, 2, 3]), (1.0, [0, 1, 2, 3])],
)
def test_the_nucleus_is_the_fewest_tokens_that_reach_p(top_p: float, kept: list[int]) -> None:
    wanted = torch.zeros(4)
    wanted[kept] = PROBS[kept] / PROBS[kept].sum()
    torch.testing.assert_close(shares(1.0, top_p), wanted, rtol=0, atol=0.015)
    assert (shares(1.0, top_p) > 0).nonzero().flatten().tolist() == kept


def test_a_temperature_sharpens_before_the_nucleus_is_taken() -> None:
    squared = PROBS.square() / PROBS.square().sum()
    torch.testing.assert_close(shares(0.5, 1.0), squared, rtol=0, atol=0.015)
    assert (shares(0.5, 0.6) > 0).tolist() == [False, True, False, False]


def test_temperature_zero_takes_the_likeliest_and_rows_are_apart() -> None:
    rows = torch.stack([PROBS, PROBS.flip(0)]).log()
    assert choose(rows, 0.0, 1.0).tolist() == [[1], [2]]
    assert choose(rows, 1.0, 0.1).tolist() == [[1], [2]]
