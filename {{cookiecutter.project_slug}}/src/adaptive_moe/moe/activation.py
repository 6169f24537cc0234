"""What an expert does between its two projections, and its gradient."""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


class Activation(ABC):
    """From what the up-projection gives to what the down-projection takes."""

    projections: int
    """How many times the inner width the up-projection gives."""

    @abstractmethod
    def __call__(self, projected: Float[Tensor, "*tokens projected"]) -> Float[Tensor, "*tokens inner"]:
        """Differentiable."""

    @abstractmethod
    def backward(
        self, grad: Float[Tensor, "*tokens inner"], projected: Float[Tensor, "*tokens projected"]
    ) -> tuple[Float[Tensor, "*tokens inner"], Float[Tensor, "*tokens projected"]]:
        """The activation again, and the gradient before it; `grad` may be overwritten."""


class SwiGLU(Activation):
    """silu(gate) * up; the two are the halves of one projection (Shazeer 2020, arXiv 2002.05202)."""

    projections = 2

    def __call__(self, projected: Float[Tensor, "*tokens projected"]) -> Float[Tensor, "*tokens inner"]:
        """One product of halves."""
        gate, up = projected.chunk(2, dim=-1)
        return F.silu(gate) * up

    def backward(
        self, grad: Float[Tensor, "*tokens inner"], projected: Float[Tensor, "*tokens projected"]
    ) -> tuple[Float[Tensor, "*tokens inner"], Float[Tensor, "*tokens projected"]]:
        """As few passes over memory as there can be without a kernel of our own."""
        gate, up = projected.chunk(2, dim=-1)
        grad_projected = torch.empty_like(projected)
        grad_gate, grad_up = grad_projected.chunk(2, dim=-1)
        silu = F.silu(gate)
        torch.mul(grad, silu, out=grad_up)
        torch.ops.aten.silu_backward.grad_input(grad.mul_(up), gate, grad_input=grad_gate)
        return silu.mul_(up), grad_projected


class GELU(Activation):
    """gelu(up), of one projection (Hendrycks and Gimpel 2016, arXiv 1606.08415)."""

    projections = 1

    def __call__(self, projected: Float[Tensor, "*tokens projected"]) -> Float[Tensor, "*tokens inner"]:
        """The exact one, with erf."""
        return F.gelu(projected)

    def backward(
        self, grad: Float[Tensor, "*tokens inner"], projected: Float[Tensor, "*tokens projected"]
    ) -> tuple[Float[Tensor, "*tokens inner"], Float[Tensor, "*tokens projected"]]:
        """Two passes."""
        return F.gelu(projected), torch.ops.aten.gelu_backward(grad, projected)


ActivationName = Literal["swiglu", "gelu"]
ACTIVATIONS: dict[str, Activation] = {"swiglu": SwiGLU(), "gelu": GELU()}
