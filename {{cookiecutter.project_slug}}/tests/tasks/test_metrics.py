import pytest
import torch
from torchmetrics import MeanMetric, SumMetric

from adaptive_moe.tasks.metrics import Metrics


def test_what_is_counted_in_a_model_of_bfloat16_is_counted_in_full() -> None:
    mean, total = MeanMetric(), SumMetric()
    Metrics({"mean": mean, "total": total}).to(torch.bfloat16)
    for metric in (mean, total):
        metric.reset()  # to defaults that were not cast either
        for number in range(1000):
            metric.update(torch.tensor(float(number % 10 < 6)))
    assert float(mean.compute()) == pytest.approx(0.6)
    assert float(total.compute()) == 600
