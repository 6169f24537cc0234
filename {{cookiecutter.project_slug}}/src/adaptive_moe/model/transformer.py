"""Batch to hidden states: the decoder-only transformer."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..data import PADDING
from ..moe import Experts, Gating, MoE, Router, Routing
from .attention import SelfAttention
from .block import Block


class Decoder(nn.Module):
    """Embedding, blocks, norm. Each sample of a row sees itself and the past, nothing else.

    Args:
        vocab_size: Number of token ids.
        dim: Width of the hidden states.
        num_layers: Blocks, each with attention and a mixture of experts.
        num_heads: Attention heads; twice their number divides `dim`.
        num_experts: Experts in each block.
        expert_dim: Inner width of one expert.
        gating: Decides which tokens get a second expert; one policy for all blocks.
    """

    def __init__(
        self,
        vocab_size: int,
        dim: int,
        num_layers: int,
        num_heads: int,
        num_experts: int,
        expert_dim: int,
        gating: Gating,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.blocks = nn.ModuleList(
            Block(
                dim,
                SelfAttention(dim, num_heads),
                MoE(Router(dim, num_experts, gating), Experts(dim, expert_dim, num_experts)),
            )
            for _ in range(num_layers)
        )
        self.norm = nn.RMSNorm(dim)

    def forward(
        self, ids: Int[Tensor, "batch length"], samples: Int[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length dim"], list[Routing]]:
        """Hidden states, and one routing for each block."""
        visible, mask = causal_within_samples(samples), samples != PADDING
        x = self.embedding(ids)
        routings = []
        for block in self.blocks:
            x, routing = block(x, visible, mask)
            routings.append(routing)
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
