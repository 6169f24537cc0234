"""Attention to the own row and to another one."""

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from .cache import KeysAndValues, KeyValues
from .positions import Rotation


class Attention(nn.Module):
    """What both kinds share: the heads, and a projection of what they found."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % (2 * num_heads):
            raise ValueError(f"dim is {dim}; {num_heads} heads of an even size need a multiple of {2 * num_heads}")
        self.num_heads = num_heads
        self.out = nn.Linear(dim, dim, bias=False)

    def split(self, x: Float[Tensor, "batch length dim"]) -> Float[Tensor, "batch heads length size"]:
        """Into heads."""
        return x.view(*x.shape[:2], self.num_heads, -1).transpose(1, 2)

    def join(self, heads: Float[Tensor, "batch heads length size"]) -> Float[Tensor, "batch length dim"]:
        """And project."""
        out: Tensor = self.out(heads.transpose(1, 2).flatten(2))
        return out


class SelfAttention(Attention):
    """Multi-head attention of a row to itself.

    1. queries, keys and values from one projection, split into heads
    2. rotate queries and keys by their position, where positions are rotary
    3. put the keys and values of earlier tokens before them, where there is a cache
    4. scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762); 5. join the heads
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, num_heads)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)

    def forward(
        self,
        x: Float[Tensor, "batch new dim"],
        visible: Bool[Tensor, "batch new length"] | None,
        rotation: Rotation | None = None,
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch new dim"]:
        """`visible[b, i, j]`: may token i see token j? None is all the past, without a mask: the fast path."""
        q, k, v = (self.split(part) for part in self.qkv(x).chunk(3, dim=2))
        if rotation is not None:
            q, k = rotation.turned(q), rotation.turned(k)
        if cache is not None:
            k, v = cache.extended(k, v)
        if visible is None:
            assert q.shape == k.shape  # torch's causal mask is of a square
            return self.join(F.scaled_dot_product_attention(q, k, v, is_causal=True))
        return self.join(F.scaled_dot_product_attention(q, k, v, attn_mask=visible.unsqueeze(1)))


class CrossAttention(Attention):
    """Multi-head attention of a row to another one, the memory.

    1. queries from the row, keys and values from the memory, or from the cache once they are there
    2. scaled dot-product attention; 3. nothing for a token that sees nothing; 4. join the heads
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__(dim, num_heads)
        self.q = nn.Linear(dim, dim, bias=False)
        self.kv = nn.Linear(dim, 2 * dim, bias=False)

    def forward(
        self,
        x: Float[Tensor, "batch new dim"],
        memory: Float[Tensor, "batch source dim"],
        visible: Bool[Tensor, "batch new source"],
        cache: KeyValues | None = None,
    ) -> Float[Tensor, "batch new dim"]:
        """`visible[b, i, j]`: may token i of the row see token j of the memory?"""
        k, v = self.keys_and_values(memory, cache)
        # torch promises nothing for a softmax over nothing: who is blind looks at all, and what it found is dropped
        blind = ~visible.any(dim=2, keepdim=True)
        mask = (visible | blind).unsqueeze(1)
        found = F.scaled_dot_product_attention(self.split(self.q(x)), k, v, attn_mask=mask)
        return self.join(found.masked_fill(blind.unsqueeze(1), 0))

    def keys_and_values(self, memory: Float[Tensor, "batch source dim"], cache: KeyValues | None) -> KeysAndValues:
        """Of the memory, which is projected once where there is a cache."""
        if cache is not None and cache.kept is not None:
            return cache.kept
        k, v = (self.split(part) for part in self.kv(memory).chunk(2, dim=2))
        return (k, v) if cache is None else cache.extended(k, v)
