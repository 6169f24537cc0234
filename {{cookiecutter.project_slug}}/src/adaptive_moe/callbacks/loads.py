"""How evenly the experts of each layer are used."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..moe import Routing
from ..ranks import sum_over_ranks


class Loads:
    """Tokens per expert and tokens of each layer, added up on the device; nothing here waits for it.

    Attributes:
        counts: For each layer, the tokens of every expert, and last, all real tokens.
    """

    def __init__(self) -> None:
        self.counts: Int[Tensor, "layers experts+1"] = torch.zeros((), dtype=torch.int64)

    def add(self, routings: dict[str, Routing]) -> None:
        """Those of a batch."""
        counts = [torch.cat([each.tokens_per_expert, each.mask.sum().view(1)]) for each in routings.values()]
        self.counts = self.counts + torch.stack(counts)

    def take(self) -> tuple[Float[Tensor, "layers experts"], Float[Tensor, " layers"]]:
        """Loads and tokens of all ranks since they were last taken, on the host; the same on every rank."""
        counts = sum_over_ranks(self.counts).cpu().float()
        self.counts = torch.zeros_like(self.counts)
        return counts[:, :-1], counts[:, -1]


def balance(load: Float[Tensor, "*layers experts"]) -> dict[str, Float[Tensor, "*layers"]]:
    """How even a load is.

    - `max_over_mean_load`: 1 is even, the number of experts is all on one; the slowest expert's excess
    - `load_cv`: standard deviation over mean
    - `load_entropy`: of the shares, over its largest value; 1 is even, 0 is all on one
    - `idle_experts`: the share of experts without a token
    """
    mean = load.mean(-1).clamp(min=1e-9)
    shares = load / load.sum(-1, keepdim=True).clamp(min=1e-9)
    return {
        "max_over_mean_load": load.max(-1).values / mean,
        "load_cv": load.std(-1, correction=0) / mean,
        "load_entropy": torch.special.entr(shares).sum(-1) / torch.tensor(float(max(load.shape[-1], 2))).log(),
        "idle_experts": (load == 0).float().mean(-1),
    }


def effective_experts(load: Float[Tensor, "*layers experts"]) -> Float[Tensor, "*layers"]:
    """The number of experts that, evenly used, would have the load's entropy."""
    shares = load / load.sum(-1, keepdim=True).clamp(min=1e-9)
    entropy: Tensor = torch.special.entr(shares).sum(-1)
    return entropy.exp()
