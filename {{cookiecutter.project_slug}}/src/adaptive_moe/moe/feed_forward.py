"""A dense feed-forward network: where there are no experts, or beside them."""

from jaxtyping import Float
from torch import Tensor, nn

from .activation import ACTIVATIONS, ActivationName


class FeedForward(nn.Module):
    """down(activation(up(x))): one expert for every token, of any width.

    Args:
        dim: Width of the tokens.
        inner_dim: Inner width.
        activation: As of the experts.
    """

    def __init__(self, dim: int, inner_dim: int, activation: ActivationName = "swiglu") -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.up_proj = nn.Linear(dim, self.activation.projections * inner_dim, bias=False)
        self.down_proj = nn.Linear(inner_dim, dim, bias=False)
        for linear in (self.up_proj, self.down_proj):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5)

    def forward(self, x: Float[Tensor, "*tokens dim"]) -> Float[Tensor, "*tokens dim"]:
        """Every token alike."""
        out: Tensor = self.down_proj(self.activation(self.up_proj(x)))
        return out
