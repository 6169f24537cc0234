"""What the layer is measured against."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def mixtral_blocks(
    dim: int, expert_dim: int, num_experts: int, dtype: torch.dtype, device: str
) -> Iterator[tuple[str, nn.Module]]:
    """The Mixtral block of transformers, top-2, with each of its ways through the experts; none if not installed."""
    try:
        from transformers import MixtralConfig
        from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock
    except ImportError:
        return
    for way in ("eager", "grouped_mm"):
        config = MixtralConfig(
            hidden_size=dim,
            intermediate_size=expert_dim,
            num_local_experts=num_experts,
            num_experts_per_tok=2,
            num_attention_heads=4,
            num_key_value_heads=4,
        )
        config._experts_implementation = way
        block = MixtralSparseMoeBlock(config).to(device=device, dtype=dtype)
        for parameter in block.parameters():
            nn.init.normal_(parameter, std=dim**-0.5)
        yield f"transformers Mixtral block, {way}", FirstOutput(block)


class FirstOutput(nn.Module):
    """A block that takes (1, tokens, dim) and may return more than its output."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, dim) to (tokens, dim)."""
        out = self.block(x.unsqueeze(0))
        first: Tensor = out[0] if isinstance(out, tuple) else out
        return first.squeeze(0)
