"""The threshold that spends a given compute."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..ranks import sum_over_ranks
from .gating import MarginGating
from .routing import Routing


def move_threshold(gating: MarginGating, routings: Sequence[Routing], experts_per_token: float, rate: float) -> None:
    """Part of the way to where it would have met the goal on these tokens, weighed over ranks by their tokens.

    Without a token on any rank it stays.
    """
    tokens = torch.stack([routing.mask.sum() for routing in routings]).sum().float()
    wanted = threshold_for(gating, routings, experts_per_token)
    weighed, total = sum_over_ranks(torch.stack([wanted * tokens, tokens]))
    gating.threshold += rate * (weighed - gating.threshold * total) / total.clamp(min=1)


def threshold_for(gating: MarginGating, routings: Sequence[Routing], experts_per_token: float) -> Float[Tensor, ""]:
    """Where the threshold would have to be for these tokens to use `experts_per_token` on average over all layers.

    A rank is kept when its margin is within the threshold, so the answer is an order statistic of the
    margins, whatever the shape of their distribution. It takes the margins as they are, though those of a layer
    depend on what the layers before it kept.
    """
    margins = [
        gating.margins(routing.ranked).masked_fill(~routing.mask.unsqueeze(1), torch.inf) for routing in routings
    ]
    ordered = torch.cat([margin.flatten() for margin in margins]).sort().values
    num_tokens = torch.stack([routing.mask.sum() for routing in routings]).sum()
    optional = ((experts_per_token - 1) * num_tokens).long()
    threshold = ordered[optional.clamp(max=len(ordered) - 1)].clamp(min=0, max=1)
    return torch.where(optional < ordered.isfinite().sum(), threshold, 1.0)
