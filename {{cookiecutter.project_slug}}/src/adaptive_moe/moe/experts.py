"""Feed-forward experts, stacked, and the way of the tokens through them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .routing import Routing


class Experts(nn.Module):
    """SwiGLU experts: y = sum over the selected experts of weight * down(silu(gate(x)) * up(x)).

    1. dispatch: the nonzeros of the transposed choice are (expert, token) pairs, already sorted by expert
    2. every expert takes its slice: no capacity, no dropped token, an idle expert takes none
    3. combine: each result, times its weight, is added to its token

    Each projection is one 3-D parameter, so that an idle expert still has a gradient, zero, and
    data-parallel training never waits for it.
    """

    def __init__(self, dim: int, expert_dim: int, num_experts: int) -> None:
        super().__init__()
        self.gate_proj = stacked_linear(num_experts, dim, expert_dim)
        self.up_proj = stacked_linear(num_experts, dim, expert_dim)
        self.down_proj = stacked_linear(num_experts, expert_dim, dim)

    def forward(self, x: Float[Tensor, "tokens dim"], routing: Routing) -> Float[Tensor, "tokens dim"]:
        """Every token through its experts."""
        expert, token = routing.selected.t().nonzero(as_tuple=True)
        slices = x[token].split_with_sizes(routing.tokens_per_expert.tolist())
        # unbind once: indexing a stacked weight writes a zero tensor of its full size for each expert in backward
        weights = zip(self.gate_proj.unbind(), self.up_proj.unbind(), self.down_proj.unbind(), strict=True)
        results = torch.cat([swiglu(part, *weight) for part, weight in zip(slices, weights, strict=True)])
        weighted = results * routing.weights[token, expert].unsqueeze(1)
        return weighted.new_zeros(x.shape).index_add(0, token, weighted).to(x.dtype)


def swiglu(
    x: Float[Tensor, "tokens dim"],
    gate_proj: Float[Tensor, "expert_dim dim"],
    up_proj: Float[Tensor, "expert_dim dim"],
    down_proj: Float[Tensor, "dim expert_dim"],
) -> Float[Tensor, "tokens dim"]:
    """One expert (Shazeer 2020, arXiv 2002.05202)."""
    return F.linear(F.silu(F.linear(x, gate_proj)) * F.linear(x, up_proj), down_proj)


def stacked_linear(num_experts: int, dim_in: int, dim_out: int) -> nn.Parameter:
    """Weights of one projection for all experts, with the variance of a linear layer."""
    weight = torch.empty(num_experts, dim_out, dim_in)
    return nn.Parameter(nn.init.normal_(weight, std=dim_in**-0.5))
