"""A task's metrics, in the numbers that they were made with."""

from collections.abc import Callable

from torch import Tensor, nn


class Metrics(nn.ModuleDict):
    """Their states keep their type when the model is cast: a count in bfloat16 would end at 256."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Metrics":
        super()._apply(lambda tensor: fn(tensor).to(tensor.dtype), recurse)  # type: ignore[no-untyped-call]
        return self
