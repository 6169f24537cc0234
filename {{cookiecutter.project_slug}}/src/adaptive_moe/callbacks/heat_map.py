"""Numbers to colours."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

# five colours from dark violet to yellow, in which brightness rises evenly, also for who does not see red or green
COLOURS = torch.tensor([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]).float()
TALL, WIDE = 12, 480  # pixels: of a row at least, of an image at least


def colours(values: Float[Tensor, "*n"]) -> UInt8[Tensor, "*n 3"]:
    """0 is dark, 1 is bright, and what lies outside is cut."""
    place = values.clamp(0, 1) * (len(COLOURS) - 1)
    below = place.long().clamp(max=len(COLOURS) - 2)
    part = (place - below).unsqueeze(-1)
    return (COLOURS[below] * (1 - part) + COLOURS[below + 1] * part).round().to(torch.uint8)


def heat_map(values: Float[Tensor, "rows columns"]) -> UInt8[Tensor, "height width 3"]:
    """Each value a rectangle, so that few of them can be seen too."""
    height, width = TALL, max(WIDE // values.shape[1], 1)
    return colours(values).repeat_interleave(height, 0).repeat_interleave(width, 1)
