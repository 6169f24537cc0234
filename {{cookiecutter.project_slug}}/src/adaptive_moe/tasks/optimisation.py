"""Which parameters decay, and how the learning rate goes."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from jaxtyping import Float
from lightning.pytorch import Trainer
from lightning.pytorch.plugins import DoublePrecision, HalfPrecision, MixedPrecision, Precision
from torch import Tensor, nn


def groups(module: nn.Module) -> list[dict[str, Any]]:
    """Matrices, which decay as the optimiser says; norms and biases, which do not."""
    matrices = [parameter for parameter in module.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in module.parameters() if parameter.ndim < 2]
    return [{"params": matrices}, {"params": others, "weight_decay": 0.0}]


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Float[Tensor, ""]:
    """Of all gradients as one vector."""
    return nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])


def norm_of(trainer: Trainer) -> Callable[[Iterable[nn.Parameter]], Float[Tensor, ""]] | None:
    """What takes the norm of a trainer's gradients; a strategy whose ranks have parts of them knows that of all.

    None where a scaler has still to divide them (float16), or Lightning's own strategies divide them.
    """
    precision = trainer.precision_plugin
    plain = type(precision) in (Precision, HalfPrecision, DoublePrecision, MixedPrecision)
    plain = plain and getattr(precision, "scaler", None) is None
    return getattr(trainer.strategy, "gradient_norm", gradient_norm if plain else None)


def share_of_peak(step: int, warmup_steps: int, total: int | float) -> float:
    """Of the learning rate: a straight line up, then a cosine down to a tenth."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    done = min((step - warmup_steps) / max(total - warmup_steps, 1), 1.0)
    return 0.55 + 0.45 * math.cos(math.pi * done)
