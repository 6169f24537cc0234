"""Losses that steer the router; each is summed over the layers, and none is part of a task's own loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..ranks import sum_over_ranks
from .gating import Gating
from .routing import Routing


def load_balancing_loss(
    routings: Sequence[Routing], over: Literal["single_expert_tokens", "all_choices"], global_batch: bool = False
) -> Float[Tensor, ""]:
    """E * sum over experts of f_e * p_e in each layer, which is 1 when the load is even.

    p_e is the mean probability of expert e over all tokens, and f_e its share

    - of the tokens that use one expert (Li et al., EMNLP 2023): who uses two carries no constraint;
      without single-expert tokens there is nothing to balance, and the loss is 0;
    - or of all choices (Fedus et al. 2021, arXiv 2101.03961, equation 4).

    Only p_e has a gradient. With `global_batch`, f_e and p_e are of all ranks (arXiv 2501.11873).
    """
    if over == "all_choices":
        chosen = [routing.selected for routing in routings]
    else:
        chosen = [routing.selected & (routing.experts_per_token == 1).unsqueeze(1) for routing in routings]
    counts = torch.stack([choice.sum(0) for choice in chosen]).float()
    if global_batch:
        counts = sum_over_ranks(counts)
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    probs = torch.stack([(routing.probs * routing.mask.unsqueeze(1)).sum(0) for routing in routings])
    mean_probs = probs / tokens_per_layer(routings, global_batch).unsqueeze(1)
    return shares.shape[1] * (shares * mean_probs).sum()


def router_z_loss(routings: Sequence[Routing], global_batch: bool = False) -> Float[Tensor, ""]:
    """The mean over tokens of logsumexp(logits) squared in each layer: it keeps logits small (arXiv 2202.08906)."""
    squares = torch.stack([(routing.logits.logsumexp(1).square() * routing.mask).sum() for routing in routings])
    return (squares / tokens_per_layer(routings, global_batch)).sum()


def tokens_per_layer(routings: Sequence[Routing], global_batch: bool) -> Float[Tensor, " layers"]:
    """Real tokens of this rank; those of an average rank when the batch is global.

    Data-parallel training averages gradients over ranks, so that a sum over this rank's tokens, divided
    by an average rank's, becomes the mean over all tokens, however unevenly they lie.
    """
    counts = torch.stack([routing.mask.sum() for routing in routings]).float()
    if global_batch and torch.distributed.is_initialized():
        counts = sum_over_ranks(counts) / torch.distributed.get_world_size()
    return counts.clamp(min=1)


@dataclass(frozen=True)
class AuxLoss:
    """What is added to a task's loss.

    Args:
        load_balancing_weight: Of the load-balancing loss, summed over layers; 0 is off.
        balance_over: `single_expert_tokens`, as in the paper, or `all_choices`, as in Switch.
        router_z_weight: Of the router z-loss, summed over layers; 0 is off.
        global_batch: Take the means over the batches of all ranks together, not of each alone.
    """

    load_balancing_weight: float = 0.01
    balance_over: Literal["single_expert_tokens", "all_choices"] = "single_expert_tokens"
    router_z_weight: float = 0.0
    global_batch: bool = False

    def __post_init__(self) -> None:
        for name in ("load_balancing_weight", "router_z_weight"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; choose 0 (off) or more")

    def balances_nothing(self, gating: Gating) -> bool:
        """Whether the paper's loss is asked for where no token can have a single expert."""
        paper = self.load_balancing_weight > 0 and self.balance_over == "single_expert_tokens"
        return paper and gating.min_experts > 1

    def __call__(self, routings: Sequence[Routing]) -> Float[Tensor, ""]:
        """The weighted sum; 0 where nothing is routed."""
        terms = []
        if routings and self.load_balancing_weight:
            balance = load_balancing_loss(routings, self.balance_over, self.global_batch)
            terms.append(self.load_balancing_weight * balance)
        if routings and self.router_z_weight:
            terms.append(self.router_z_weight * router_z_loss(routings, self.global_batch))
        return torch.stack(terms).sum() if terms else torch.zeros(())
