import math

import pytest
import torch

from adaptive_moe.tasks.likelihood import BitsPerByte, Perplexity


def perplexity(*batches: tuple[float, int]) -> float:
    metric = Perplexity()
    for nll, num_tokens in batches:
        metric.update(torch.tensor(nll), torch.tensor(num_tokens))
    return float(metric.compute())


def test_it_is_exp_of_the_summed_nll_over_tokens_not_a_mean_of_batches() -> None:
    assert perplexity((60.0, 30), (60.0, 10)) == pytest.approx(math.exp(120 / 40))


def test_a_batch_without_tokens_counts_nothing() -> None:
    assert perplexity((60.0, 30), (0.0, 0)) == pytest.approx(math.exp(2))


def test_a_probability_that_underflows_does_not_make_it_infinite() -> None:
    logits = torch.tensor([[0.0, 200.0]])  # softmax gives the first token exactly 0 in float32
    nll = float(torch.nn.functional.cross_entropy(logits, torch.tensor([0])))
    assert perplexity((nll, 1), (99.0, 99)) == pytest.approx(math.exp(299 / 100))


def test_a_loss_that_is_not_a_number_is_shown_not_dropped() -> None:
    assert math.isnan(perplexity((math.nan, 3), (6.0, 3)))


def test_bits_per_byte_are_over_bytes_not_tokens() -> None:
    metric = BitsPerByte()
    metric.update(torch.tensor(8 * math.log(2)), torch.tensor(3))
    metric.update(torch.tensor(4 * math.log(2)), torch.tensor(5))
    assert float(metric.compute()) == pytest.approx(12 / 8)
