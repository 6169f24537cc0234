"""Batch to hidden states: the decoder-only transformer."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..moe import FeedForward, Gating, MoE, Routing
from .attention import SelfAttention
from .block import Block


class Decoder(nn.Module):
    """Embedding, blocks, norm. Each sample of a row sees itself and the past, nothing else.

    Args:
        vocab_size: Number of token ids.
        dim: Width of the hidden states.
        num_heads: Attention heads; twice their number divides `dim`.
        feed_forwards: The feed-forward half of each block, with or without experts.
    """

    def __init__(self, vocab_size: int, dim: int, num_heads: int, feed_forwards: Sequence[MoE | FeedForward]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.blocks = nn.ModuleList(
            Block(dim, SelfAttention(dim, num_heads), feed_forward) for feed_forward in feed_forwards
        )
        self.norm = nn.RMSNorm(dim)
        for module in self.modules():
            if isinstance(module, Gating) and module.sees_the_future:
                raise ValueError(
                    f"gating is {type(module).__name__}, whose choice for a token depends on later ones; "
                    "a decoder needs another, for example Threshold"
                )

    def forward(
        self, ids: Int[Tensor, "batch length"], samples: Int[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length dim"], dict[str, Routing]]:
        """Hidden states, and the routing of each layer that has experts, under the layer's name."""
        visible = causal_within_samples(samples)
        x = self.embedding(ids)
        routings = {}
        for number, block in enumerate(self.blocks):
            x, routing = block(x, visible, samples)
            if routing is not None:
                routings[f"layer_{number}"] = routing
        return self.norm(x), routings

    def logits(self, hidden: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n vocabulary"]:
        """Scores of the next token; input and output embeddings are one."""
        return nn.functional.linear(hidden, self.embedding.weight)


def causal_within_samples(samples: Int[Tensor, "batch length"]) -> Bool[Tensor, "batch length length"]:
    """Token i sees token j when both belong to one sample and j is not later.

    Padding sees padding: a softmax over nothing would be NaN.
    """
    same = samples.unsqueeze(2) == samples.unsqueeze(1)
    return same & torch.ones_like(same).tril()
