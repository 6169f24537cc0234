"""What generation keeps, so that no token is read twice."""

import torch
from jaxtyping import Float
from torch import Tensor

KeysAndValues = tuple[Float[Tensor, "batch heads keys size"], Float[Tensor, "batch heads keys size"]]


class KeyValues:
    """Keys and values of one attention; None before there are any."""

    def __init__(self) -> None:
        self.kept: KeysAndValues | None = None

    def extended(
        self, keys: Float[Tensor, "batch heads new size"], values: Float[Tensor, "batch heads new size"]
    ) -> KeysAndValues:
        """The old ones and the new ones, which are kept from now on."""
        if self.kept is not None:
            keys, values = (torch.cat(pair, dim=2) for pair in zip(self.kept, (keys, values), strict=True))
        self.kept = keys, values
        return self.kept


class BlockCache:
    """Of one block: what its self-attention has seen so far, and what its cross-attention made of the source."""

    def __init__(self) -> None:
        self.past, self.source = KeyValues(), KeyValues()
