"""Feed-forward experts, stacked."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .activation import ACTIVATIONS, ActivationName
from .grouped import grouped
from .routing import Routing
from .sorted_loop import sorted_loop


class Experts(nn.Module):
    """y = sum over the selected experts of weight * down(activation(up(x))).

    Each projection is one 3-D parameter, so that an idle expert still has a gradient, zero, and
    data-parallel training never waits for it.

    Args:
        dim: Width of the tokens.
        expert_dim: Inner width of one expert.
        num_experts: How many.
        activation: `swiglu`, whose up-projection has two halves, gate and up; or `gelu`.
    """

    def __init__(self, dim: int, expert_dim: int, num_experts: int, activation: ActivationName = "swiglu") -> None:
        super().__init__()
        self.activation, self.in_rows_of_16_bytes = activation, dim % 8 == expert_dim % 8 == 0
        if torch.cuda.is_available() and not self.in_rows_of_16_bytes:
            warnings.warn(
                f"dim and expert_dim are {dim} and {expert_dim}; a GPU's grouped product in bfloat16 takes multiples "
                "of 8, so the experts will run one after the other, which is slower",
                stacklevel=2,
            )
        self.up_proj = stacked_linear(num_experts, dim, ACTIVATIONS[activation].projections * expert_dim)
        self.down_proj = stacked_linear(num_experts, expert_dim, dim)

    @property
    def weights_per_expert(self) -> int:
        """Each multiplies a token once."""
        return (self.up_proj.numel() + self.down_proj.numel()) // len(self.up_proj)

    def forward(
        self, x: Float[Tensor, "tokens dim"], routing: Routing, most: int | None = None
    ) -> Float[Tensor, "tokens dim"]:
        """Every token through its experts, of which it has at most `most`; a token without one gives zero."""
        dtype = compute_dtype(x)
        x, up_proj, down_proj = (tensor.to(dtype) for tensor in (x, self.up_proj, self.down_proj))
        if self.in_rows_of_16_bytes and has_grouped_mm(x):
            return grouped(x, routing, up_proj, down_proj, ACTIVATIONS[self.activation], most)
        out: Tensor
        out, *_ = sorted_loop(x, routing.weights, routing.selected, up_proj, down_proj, self.activation)
        return out


def compute_dtype(x: Float[Tensor, "*any"]) -> torch.dtype:
    """That of the products: autocast's, where it is on."""
    autocast = torch.is_autocast_enabled(x.device.type)
    return torch.get_autocast_dtype(x.device.type) if autocast else x.dtype


def has_grouped_mm(x: Float[Tensor, "tokens dim"]) -> bool:
    """Whether torch has a grouped product here that does not wait: bfloat16 on NVIDIA's Hopper or Blackwell."""
    if x.dtype != torch.bfloat16 or not x.is_cuda or torch.version.hip is not None:
        return False
    return torch.cuda.get_device_properties(x.device).major in (9, 10)


def stacked_linear(num_experts: int, dim_in: int, dim_out: int) -> nn.Parameter:
    """Weights of one projection for all experts, with the variance of a linear layer."""
    weight = torch.empty(num_experts, dim_out, dim_in)
    return nn.Parameter(nn.init.normal_(weight, std=dim_in**-0.5))
