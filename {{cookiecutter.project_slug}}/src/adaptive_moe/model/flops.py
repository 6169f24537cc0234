"""Floating-point operations, counted from the routing."""

from collections.abc import Mapping

from torch import Tensor, nn

from ..moe import Experts
from .attention import SelfAttention
from .transformer import Decoder


def flops_per_token(model: Decoder, length: int, experts_per_token: Mapping[str, float | Tensor]) -> float:
    """Operations of one token forward, in a row of `length`; training takes three times as many.

    Two for each weight that multiplies the token, and four for each feature of each position that it is
    compared with. Experts count as often as they are used: `experts_per_token` has the mean of each layer
    that has experts, in order. Norms, activations and softmaxes are left out.
    """
    modules = list(model.modules())
    weights = model.embedding.weight.numel()  # they score the next token
    weights += sum(module.weight.numel() for module in modules if isinstance(module, nn.Linear))
    compared = sum(length * module.qkv.in_features for module in modules if isinstance(module, SelfAttention))
    experts = [module.weights_per_expert for module in modules if isinstance(module, Experts)]
    used = sum(float(mean) * each for mean, each in zip(experts_per_token.values(), experts, strict=True))
    return 2.0 * (weights + used) + 4.0 * compared
