"""The threshold that spends a given compute."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from .gating import MarginGating
from .routing import Routing


def threshold_for(experts_per_token: float, gating: MarginGating, routings: Sequence[Routing]) -> Float[Tensor, ""]:
    """Where the threshold would have to be for these tokens to use `experts_per_token` on average over all layers.

    A rank is kept when its margin is within the threshold, so the answer is an order statistic of the
    margins: exact, whatever the shape of their distribution, and known without trying.
    """
    margins = [
        gating.margins(routing.ranked).masked_fill(~routing.mask.unsqueeze(1), torch.inf).flatten()
        for routing in routings
    ]
    num_tokens = torch.stack([routing.mask.sum() for routing in routings]).sum()
    ordered = torch.cat(margins).sort().values
    place = ((experts_per_token - 1) * num_tokens).long().clamp(max=len(ordered) - 1)
    return ordered[place].clamp(min=0, max=1)
