"""Batch to hidden states: the encoder and the decoder together."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ..moe import FeedForward, MoE, Routing
from .block import Memory
from .cache import BlockCache
from .positions import Positions
from .stack import Stack, embedding
from .visible import causal_within_samples, within_samples


class EncoderDecoder(nn.Module):
    """A sequence to another one; one embedding for source, target and output.

    1. encode the source; 2. decode the target, whose tokens see the source tokens of their sample

    Args:
        vocab_size: Number of token ids.
        dim: As of a stack.
        num_heads: Attention heads.
        encoder_feed_forwards: One for each block of the encoder.
        decoder_feed_forwards: One for each block of the decoder.
        positions: `rotary` or `learned`.
        num_positions: How many are learned, in each of the two.
    """

    def __init__(
        self,
        vocab_size: int,
        dim: int,
        num_heads: int,
        encoder_feed_forwards: Sequence[MoE | FeedForward],
        decoder_feed_forwards: Sequence[MoE | FeedForward],
        positions: Positions = "rotary",
        num_positions: int = 1024,
    ) -> None:
        super().__init__()
        self.embedding = embedding(vocab_size, dim)
        self.encoder = Stack(dim, num_heads, encoder_feed_forwards, positions, num_positions)
        self.decoder = Stack(dim, num_heads, decoder_feed_forwards, positions, num_positions, cross_attention=True)
        self.decoder.refuse_gating_that_sees_the_future()

    def forward(
        self,
        ids: Int[Tensor, "batch length"],
        samples: Int[Tensor, "batch length"],
        source_ids: Int[Tensor, "batch source"],
        source_samples: Int[Tensor, "batch source"],
        packed: bool = False,
    ) -> tuple[Float[Tensor, "batch length dim"], dict[str, Routing]]:
        """Hidden states of the target, and the routings of both, under `encoder_layer_0` and so on."""
        source, encoder = self.encode(source_ids, source_samples)
        hidden, decoder = self.decode(ids, samples, source, source_samples, packed)
        return hidden, {
            **{f"encoder_{name}": routing for name, routing in encoder.items()},
            **{f"decoder_{name}": routing for name, routing in decoder.items()},
        }

    def encode(
        self, ids: Int[Tensor, "batch source"], samples: Int[Tensor, "batch source"]
    ) -> tuple[Float[Tensor, "batch source dim"], dict[str, Routing]]:
        """As an encoder does."""
        return self.encoder.run(self.embedding(ids), samples, within_samples(samples, samples))

    def decode(
        self,
        ids: Int[Tensor, "batch new"],
        samples: Int[Tensor, "batch length"],
        source: Float[Tensor, "batch source dim"],
        source_samples: Int[Tensor, "batch source"],
        packed: bool = False,
        caches: Sequence[BlockCache] | None = None,
    ) -> tuple[Float[Tensor, "batch new dim"], dict[str, Routing]]:
        """As a decoder does, with the encoded source in view."""
        new = ids.shape[1]
        visible = causal_within_samples(samples, new) if packed else None
        memory = Memory(source, within_samples(samples[:, samples.shape[1] - new :], source_samples))
        return self.decoder.run(self.embedding(ids), samples, visible, memory, caches)

    def logits(self, hidden: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n vocabulary"]:
        """Scores of the next token; input and output embeddings are one."""
        return F.linear(hidden, self.embedding.weight)
