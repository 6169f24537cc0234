"""All that a transformer is built from."""

from dataclasses import dataclass

from ..moe import Gating, MoEConfig
from .encoder_decoder import EncoderDecoder
from .positions import Positions
from .transformer import Decoder, Encoder

ARCHITECTURES: dict[str, type[Encoder] | type[Decoder] | type[EncoderDecoder]] = {
    each.__name__: each for each in (Encoder, Decoder, EncoderDecoder)
}


@dataclass(frozen=True)
class Blueprint:
    """Sizes and parts of a transformer.

    Args:
        architecture: `Encoder`, `Decoder` or `EncoderDecoder`.
        gating: Decides which tokens get a second expert; one policy serves all layers.
        moe: What the layers are made of.
        vocab_size: Number of token ids.
        dim: Width of the hidden states.
        num_layers: Blocks; of encoder and decoder each, where there are both.
        num_heads: Attention heads; twice their number divides `dim`.
        positions: `rotary`, or a `learned` table.
        num_positions: Of that table; no sample may be longer.
    """

    architecture: str
    gating: Gating
    moe: MoEConfig
    vocab_size: int
    dim: int
    num_layers: int
    num_heads: int
    positions: Positions
    num_positions: int

    def __post_init__(self) -> None:
        for name in ("dim", "num_layers", "num_heads", "num_positions"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")

    def build(self) -> Encoder | Decoder | EncoderDecoder:
        """With new weights."""
        architecture = ARCHITECTURES[self.architecture]
        num_stacks = 2 if architecture is EncoderDecoder else 1
        stacks = [self.moe.build(self.dim, self.num_layers, self.gating) for _ in range(num_stacks)]
        table = {"positions": self.positions, "num_positions": self.num_positions}
        return architecture(self.vocab_size, self.dim, self.num_heads, *stacks, **table)  # type: ignore[arg-type]
