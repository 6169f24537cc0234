"""Says in words when experts are dead or a layer has collapsed."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..moe import Router
from .loads import effective_experts

PATIENCE = 100  # optimiser steps; routers swing for some tens of steps at first
NAMED = 8  # experts, at most
WEIGHT = "--model.aux_loss.load_balancing_weight"


def remedy(routers: list[Router]) -> str:
    """What would spread their load: a selection bias too, unless they have one or their policy takes none."""
    if any(router.bias is not None for router in routers):
        return f"raise the rate of ExpertLoadBalancer, or {WEIGHT}"
    if any(router.gating.needs_probabilities for router in routers):
        return f"raise {WEIGHT}"
    return f"raise {WEIGHT}, or in a new run set --model.moe.selection_bias true"


class LoadWarnings:
    """Each is given once, and again only after the expert or layer was well in between.

    An expert is dead that had no token for a hundred steps. A layer has collapsed whose load has for a hundred steps
    had the entropy of less than a quarter of its experts, evenly used.

    Attributes:
        well: The last step when each expert, and behind them the layer, was well; the first log's before that.
        warned: Who was warned of since.
    """

    def __init__(self) -> None:
        self.well: Int[Tensor, "layers experts+1"] | None = None
        self.warned: Bool[Tensor, "layers experts+1"] | None = None

    def look(self, names: list[str], load: Float[Tensor, "layers experts"], step: int, remedy: str) -> list[str]:
        """The sentences that are due after a log, one for a layer."""
        collapsed = effective_experts(load) < max(load.shape[1] / 4, 1.2)
        well = torch.cat([load > 0, ~collapsed.unsqueeze(1)], dim=1)
        if self.well is None or self.warned is None:
            self.well, self.warned = torch.full_like(well, step, dtype=torch.int64), torch.zeros_like(well)
        self.well = torch.where(well, step, self.well)
        due = (step - self.well >= PATIENCE) & ~(self.warned & ~well)
        self.warned = due | (self.warned & ~well)
        return [
            f"{names[layer]} {words(load[layer], due[layer], self.well[layer])}: {remedy}"
            for layer in due.any(1).nonzero().flatten().tolist()
        ]

    @property
    def num_dead(self) -> int:
        """Experts that were warned of and have had no token since."""
        return 0 if self.warned is None else int(self.warned[:, :-1].sum())

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"well": self.well, "warned": self.warned}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on."""
        self.well, self.warned = state["well"], state["warned"]


def words(load: Float[Tensor, " experts"], due: Bool[Tensor, " experts+1"], well: Int[Tensor, " experts+1"]) -> str:
    """What is wrong with a layer, or with some of its experts, and since when."""
    if due[-1]:
        share, used = float(load.max() / load.sum().clamp(min=1)), float(effective_experts(load))
        return (
            f"has collapsed since step {int(well[-1])}: expert {int(load.argmax())} takes {share:.0%} of its choices, "
            f"and the load is as if {used:.1f} of {len(load)} experts were used"
        )
    dead = due.nonzero().flatten()
    numbers = ", ".join(map(str, dead[:NAMED].tolist())) + (", ..." if len(dead) > NAMED else "")
    return (
        f"has {len(dead)} dead experts of {len(load)} ({numbers}), without a token since step {int(well[dead].max())}"
    )
