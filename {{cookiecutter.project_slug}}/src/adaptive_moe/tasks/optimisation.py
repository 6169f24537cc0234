"""Which parameters decay, and how the learning rate goes."""

import math
from collections.abc import Iterable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn


def groups(module: nn.Module) -> list[dict[str, Any]]:
    """Matrices, which decay as the optimiser says; norms and biases, which do not."""
    matrices = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in module.parameters() if parameter.ndim < 2]
    return [{"params": matrices}, {"params": others, "weight_decay": 0.0}]


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Float[Tensor, ""]:
    """Of all gradients as one vector."""
    return nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])


def share_of_peak(step: int, warmup_steps: int, total: int | float) -> float:
    """Of the learning rate: a straight line up, then a cosine down to a tenth."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = min((step - warmup_steps) / max(total - warmup_steps, 1), 1.0)
    return 0.55 + 0.45 * math.cos(math.pi * done)
