"""Self-attention with rotary positions."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F


class SelfAttention(nn.Module):
    """Multi-head attention in which a token sees what `visible` allows.

    1. queries, keys and values from one projection, split into heads
    2. rotate queries and keys by their position (Su et al. 2021, arXiv 2104.09864)
    3. scaled dot-product attention; 4. join the heads
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % (2 * num_heads):
            raise ValueError(f"dim is {dim}; {num_heads} heads of an even size need a multiple of {2 * num_heads}")
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(
        self, x: Float[Tensor, "batch length dim"], visible: Bool[Tensor, "batch length length"]
    ) -> Float[Tensor, "batch length dim"]:
        """`visible[b, i, j]`: may token i see token j?"""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(rotate(q), rotate(k), v, attn_mask=visible.unsqueeze(1))
        out: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return out


def rotate(x: Float[Tensor, "batch heads length size"]) -> Float[Tensor, "batch heads length size"]:
    """Turn each pair of features by an angle that grows with the position, at a speed of its own."""
    length, size = x.shape[-2:]
    # in float32: in bfloat16 far positions would fall together
    speed = 10_000.0 ** -(torch.arange(0, size, 2, device=x.device).float() / size)
    angle = torch.arange(length, device=x.device).float().unsqueeze(1) * speed
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
