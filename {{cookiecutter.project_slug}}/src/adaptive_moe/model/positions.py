"""Where a token stands in its sample, and how attention learns of it."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Positions = Literal["rotary", "learned"]


def positions_in_samples(samples: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
    """0, 1, 2, ... and anew where the next sample begins."""
    place = torch.arange(samples.shape[1], device=samples.device).expand_as(samples)
    begins = samples != samples.roll(1, dims=1)  # what rolls to the front does not matter: place 0 counts from 0
    return place - place.where(begins, 0).cummax(dim=1).values


class Rotation(NamedTuple):
    """Turns each pair of features by an angle that grows with the position, at a speed of its own.

    Rotary positions (Su et al. 2021, arXiv 2104.09864): the product of a query and a key depends on their distance.
    """

    cos: Float[Tensor, "batch 1 length pairs"]
    sin: Float[Tensor, "batch 1 length pairs"]

    @classmethod
    def at(cls, positions: Int[Tensor, "batch length"], size: int) -> "Rotation":
        """For heads with `size` features."""
        # in float32: in bfloat16 far positions would fall together
        speed = 10_000.0 ** -(torch.arange(0, size, 2, device=positions.device).float() / size)
        angle = positions.float()[:, None, :, None] * speed
        return cls(angle.cos(), angle.sin())

    def turned(self, x: Float[Tensor, "batch heads length size"]) -> Float[Tensor, "batch heads length size"]:
        """Of the same length as before; at least in float32, which the angles have."""
        first, second = x.chunk(2, dim=-1)
        turned = [first * self.cos - second * self.sin, second * self.cos + first * self.sin]
        return torch.cat(turned, dim=-1).to(x.dtype)
