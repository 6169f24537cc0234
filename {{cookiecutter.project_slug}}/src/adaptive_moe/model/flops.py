"""Floating-point operations, counted from the routing."""

from collections.abc import Mapping

from torch import Tensor, nn

from ..moe import Experts
from .attention import CrossAttention, SelfAttention
from .encoder_decoder import EncoderDecoder
from .stack import Stack
from .transformer import Decoder, Encoder

TRAINING = 3
"""Times the operations of forward: backward takes twice as many."""


def flops_per_token(
    model: Encoder | Decoder | EncoderDecoder,
    length: int,
    experts_per_token: Mapping[str, float | Tensor],
    source_length: int = 0,
) -> float:
    """Operations of one row forward, over its tokens and those of its source; training takes three times as many.

    Two for each weight that multiplies a token, and four for each feature of each position that it is
    compared with. Experts count as often as they are used: `experts_per_token` has the mean of each layer
    that has experts, in order. Norms, activations and softmaxes are left out.
    """
    total = 0 if isinstance(model, Encoder) else 2 * length * model.embedding.weight.numel()  # scores the next token
    if isinstance(model, EncoderDecoder):
        total += dense_operations(model.encoder, source_length) + dense_operations(model.decoder, length, source_length)
        experts = expert_operations(model.encoder, source_length) + expert_operations(model.decoder, length)
    else:
        total += dense_operations(model, length)
        experts = expert_operations(model, length)
    used = sum(float(mean) * each for mean, each in zip(experts_per_token.values(), experts, strict=True))
    return (total + used) / (length + source_length)


def dense_operations(stack: Stack, length: int, source_length: int = 0) -> int:
    """Of all that every token uses."""
    products = compared = 0
    for module in stack.modules():
        if isinstance(module, nn.Linear):
            products += length * module.weight.numel()
        elif isinstance(module, SelfAttention):
            compared += length * length * module.out.in_features
        elif isinstance(module, CrossAttention):
            products += (source_length - length) * module.kv.weight.numel()  # it multiplies the source instead
            compared += length * source_length * module.out.in_features
    return 2 * products + 4 * compared


def expert_operations(stack: Stack, length: int) -> list[int]:
    """Of each layer that has experts, if every token used one."""
    return [2 * length * module.weights_per_expert for module in stack.modules() if isinstance(module, Experts)]
