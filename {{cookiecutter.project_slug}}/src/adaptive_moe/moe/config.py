"""What the feed-forward half of every block is made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from .activation import ActivationName
from .experts import Experts
from .feed_forward import FeedForward
from .gating import Gating
from .layer import MoE
from .router import Combine, Router, Scores


@dataclass(frozen=True)
class MoEConfig:
    """The mixture-of-experts layers of a model, and the dense ones between them.

    Args:
        num_experts: Experts in a layer.
        expert_dim: Inner width of one expert.
        layers: Which layers have experts: n is every n-th, a list names them from 0, [] is a dense model.
        dense_width: Inner width of a layer without experts, in experts: 1 is the paper's dense model, k has
            the compute of k experts per token.
        activation: `swiglu` or `gelu`.
        scores: `softmax`, or `sigmoid`, where experts do not compete.
        combine: `raw` weights (the paper's equation 3), or `renormalised` ones, which sum to 1 over the chosen experts.
        shared_experts: Experts that every token uses besides the chosen ones.
        selection_bias: Keep a bias for each expert, for balance without a loss.
    """

    num_experts: int = 8
    expert_dim: int = 384
    layers: int | list[int] = 1
    dense_width: float = 1.0
    activation: ActivationName = "swiglu"
    scores: Scores = "softmax"
    combine: Combine = "raw"
    shared_experts: int = 0
    selection_bias: bool = False

    def __post_init__(self) -> None:
        for name, least in (("num_experts", 1), ("expert_dim", 1), ("shared_experts", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if not self.dense_width * self.expert_dim >= 1:
            raise ValueError(f"dense_width is {self.dense_width}; it leaves no inner width of {self.expert_dim}")

    def build(self, dim: int, num_layers: int, gating: Gating) -> list[MoE | FeedForward]:
        """One module for each layer; whatever it is made of, the rest of a model draws the same weights."""
        chosen = self.moe_layers(num_layers)
        with own_draws():
            return [self.moe(dim, gating) if layer in chosen else self.dense(dim) for layer in range(num_layers)]

    def moe_layers(self, num_layers: int) -> list[int]:
        """Numbers of the layers that have experts."""
        if isinstance(self.layers, int):
            if not 1 <= self.layers <= num_layers:
                raise ValueError(f"layers is {self.layers}; every n-th of {num_layers} layers needs n from 1 to that")
            return list(range(self.layers - 1, num_layers, self.layers))
        if missing := [layer for layer in self.layers if not 0 <= layer < num_layers]:
            raise ValueError(f"layers names {missing}; the model's {num_layers} layers go from 0 to {num_layers - 1}")
        return self.layers

    def moe(self, dim: int, gating: Gating) -> MoE:
        """A layer with experts."""
        router = Router(dim, self.num_experts, gating, self.scores, self.combine, self.selection_bias)
        experts = Experts(dim, self.expert_dim, self.num_experts, self.activation)
        shared = (
            FeedForward(dim, self.shared_experts * self.expert_dim, self.activation) if self.shared_experts else None
        )
        return MoE(router, experts, shared)

    def dense(self, dim: int) -> FeedForward:
        """A layer without."""
        return FeedForward(dim, round(self.dense_width * self.expert_dim), self.activation)


@contextmanager
def own_draws() -> Iterator[None]:
    """Draws inside come from a generator state of their own: how many they are changes nothing of what follows."""
    seed = int(torch.randint(2**62, (), device="cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
