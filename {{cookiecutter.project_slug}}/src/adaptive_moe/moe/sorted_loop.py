"""The experts one after the other, each over its own tokens: the way on a CPU, and right on any device.

Both directions are operators of their own. A compiler sees two calls where it would see a loop whose
slices depend on values, and between them only the up-projection's result and the experts' outputs are
kept: the activation is computed again, which costs less than to write and read it.

On a CPU, a product in bfloat16 whose number of rows is new costs as much again, because its kernel is
generated first; and loads are new in every step. So there each expert's rows are filled up with zeros to
a multiple of 16, and the few kernels that are left are found again.
"""

from typing import Any

import torch
from torch import Tensor

from .activation import ACTIVATIONS
from .huge_pages import in_huge_pages


@torch.library.custom_op("adaptive_moe::sorted_loop", mutates_args=())
def sorted_loop(
    x: Tensor, weights: Tensor, selected: Tensor, up_proj: Tensor, down_proj: Tensor, activation: str
) -> tuple[Tensor, Tensor, Tensor]:
    """The layer's output (tokens, dim); for backward, `projected` and `outputs` of each row, sorted by expert.

    1. dispatch: the nonzeros of the transposed choice are (expert, token) pairs, already sorted by expert
    2. every expert takes its slice: no capacity, no dropped token, an idle expert takes none
    3. combine: each output, times its weight, is added to its token, in the order of the experts
    """
    expert, token = selected.t().nonzero(as_tuple=True)
    sizes, filled = rows_per_expert(selected, x)
    weight = weights[token, expert].unsqueeze(1)
    projected = x.new_empty(sum(filled), up_proj.shape[1])
    outputs = x.new_empty(sum(filled), x.shape[1])
    total = torch.zeros_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
    real = (torch.split(each, sizes) for each in (token, weight))
    rows = (torch.split(each, filled) for each in (projected, outputs))
    for tokens, weighing, before, output, up, down in zip(*real, *rows, up_proj, down_proj, strict=True):
        torch.mm(gather(x, tokens, len(before)), up.t(), out=before)
        torch.mm(ACTIVATIONS[activation](before), down.t(), out=output)
        total.index_add_(0, tokens, (output[: len(tokens)] * weighing).to(total.dtype))
    return total.to(x.dtype), projected, outputs


@torch.library.custom_op("adaptive_moe::sorted_loop_backward", mutates_args=())
def sorted_loop_backward(
    grad: Tensor,
    projected: Tensor,
    outputs: Tensor,
    x: Tensor,
    weights: Tensor,
    selected: Tensor,
    up_proj: Tensor,
    down_proj: Tensor,
    activation: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The gradients of x, weights and both projections; those of an idle expert are zero."""
    expert, token = selected.t().nonzero(as_tuple=True)
    sizes, filled = rows_per_expert(selected, x)
    weight = weights[token, expert].unsqueeze(1)
    grad_weight = torch.empty_like(weight)
    grad_up_proj, grad_down_proj = (in_huge_pages(torch.empty_like(weight)) for weight in (up_proj, down_proj))
    grad_x = torch.zeros_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
    real = (torch.split(each, sizes) for each in (token, weight, grad_weight))
    rows = (torch.split(each, filled) for each in (projected, outputs))
    for tokens, weighing, grad_weighing, before, output, up, down, grad_up, grad_down in zip(
        *real, *rows, up_proj, down_proj, grad_up_proj, grad_down_proj, strict=True
    ):
        count = len(tokens)
        grad_output = gather(grad, tokens, len(before))
        grad_weighing.copy_((grad_output * output)[:count].sum(1, keepdim=True, dtype=grad_x.dtype))
        grad_output[:count].mul_(weighing)
        hidden, grad_before = ACTIVATIONS[activation].backward(grad_output.mm(down), before)
        torch.mm(grad_output.t(), hidden, out=grad_down)
        torch.mm(grad_before.t(), gather(x, tokens, len(before)), out=grad_up)
        grad_x.index_add_(0, tokens, grad_before.mm(up)[:count].to(grad_x.dtype))
    grad_weights = torch.zeros_like(weights).index_put((token, expert), grad_weight.squeeze(1))
    return grad_x.to(x.dtype), grad_weights, grad_up_proj, grad_down_proj


def rows_per_expert(selected: Tensor, x: Tensor) -> tuple[list[int], list[int]]:
    """The load of each expert, and the rows that it takes with those that fill it up."""
    tile = 16 if x.dtype == torch.bfloat16 and x.device.type == "cpu" else 1
    sizes: list[int] = selected.sum(0).tolist()
    return sizes, [-(-size // tile) * tile for size in sizes]


def gather(x: Tensor, tokens: Tensor, count: int) -> Tensor:
    """The rows of some tokens, filled up with zeros."""
    if count == len(tokens):
        return x.index_select(0, tokens)
    rows = x.new_empty(count, x.shape[1])
    torch.index_select(x, 0, tokens, out=rows[: len(tokens)])
    rows[len(tokens) :] = 0
    return rows


@sorted_loop.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    x, _, _, up_proj, _, _ = inputs
    pairs = torch.library.get_ctx().new_dynamic_size()
    return torch.empty_like(x), x.new_empty(pairs, up_proj.shape[1]), x.new_empty(pairs, x.shape[1])


@sorted_loop_backward.register_fake
def _(*inputs: Any) -> tuple[Tensor, ...]:
    _, _, _, x, weights, _, up_proj, down_proj, _ = inputs
    return tuple(map(torch.empty_like, (x, weights, up_proj, down_proj)))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, ctx.activation = inputs
    ctx.set_materialize_grads(False)  # of what is kept for backward only
    ctx.save_for_backward(*output[1:], *tensors)


def _backward(ctx: Any, grad: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    if grad is None:  # nothing depends on the output
        return None, None, None, None, None, None
    grad_x, grad_weights, grad_up, grad_down = sorted_loop_backward(grad, *ctx.saved_tensors, ctx.activation)
    return grad_x, grad_weights, None, grad_up, grad_down, None


sorted_loop.register_autograd(_backward, setup_context=_keep)
