import math

import pytest
import torch

from adaptive_moe.tasks.perplexity import Perplexity


def test_it_is_exp_of_the_summed_nll_over_tokens_not_a_mean_of_batches() -> None:
    metric = Perplexity()
    metric.update(torch.tensor(2.0), torch.tensor(30))
    metric.update(torch.tensor(6.0), torch.tensor(10))
    assert float(metric.compute()) == pytest.approx(math.exp(120 / 40))


def test_a_batch_without_tokens_counts_nothing() -> None:
    metric = Perplexity()
    metric.update(torch.tensor(2.0), torch.tensor(30))
    metric.update(torch.tensor(0.0), torch.tensor(0))
    assert float(metric.compute()) == pytest.approx(math.exp(2))


def test_a_probability_that_underflows_does_not_make_it_infinite() -> None:
    logits = torch.tensor([[0.0, 200.0]])  # softmax gives the first token exactly 0 in float32
    metric = Perplexity()
    metric.update(torch.nn.functional.cross_entropy(logits, torch.tensor([0])), torch.tensor(1))
    metric.update(torch.tensor(1.0), torch.tensor(99))
    assert float(metric.compute()) == pytest.approx(math.exp(299 / 100))


def test_a_loss_that_is_not_a_number_is_shown_not_dropped() -> None:
    metric = Perplexity()
    metric.update(torch.tensor(float("nan")), torch.tensor(3))
    assert math.isnan(float(metric.compute()))
