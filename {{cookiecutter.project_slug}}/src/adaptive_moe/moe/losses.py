"""Losses that steer the router."""

from jaxtyping import Float
from torch import Tensor

from .routing import Routing


def load_balancing_loss(routing: Routing) -> Float[Tensor, ""]:
    """E * sum over experts of f_e * p_e, which is 1 when the load is even (Li et al., EMNLP 2023, section 3.2).

    f_e is the share of expert e among the tokens that use one expert, p_e its mean probability over
    all tokens: who uses two experts carries no constraint. Without single-expert tokens there is
    nothing to balance, and the loss is 0.
    """
    single = routing.selected & (routing.experts_per_token == 1).unsqueeze(1)
    share = single.sum(0) / single.sum().clamp(min=1)
    mean_probs = routing.probs.sum(0) / max(len(routing.probs), 1)
    return routing.probs.shape[1] * (share * mean_probs).sum()
