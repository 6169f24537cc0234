"""A task's metrics, in the numbers that they were made with."""

from collections.abc import Callable

from torch import Tensor, nn
from torchmetrics import MeanMetric


class Metrics(nn.ModuleDict):
    """Their states keep their type when the model is cast: a count in bfloat16 would end at 256."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Metrics":
        super()._apply(lambda tensor: fn(tensor).to(tensor.dtype), recurse)  # type: ignore[no-untyped-call]
        return self


class Score(MeanMetric):
    """A mean of which more is better; torchmetrics' own says nothing of that."""

    higher_is_better = True  # type: ignore[assignment]
