"""All experts in one grouped product: the way on a GPU that has it, without a wait for the device.

The rows of a buffer, sorted by expert, stand for (token, expert) pairs. Where a token has at most two
experts, the buffer has two rows a token, and the rows that are not needed lie behind the last expert, where
the product leaves memory as it was. So nothing that is read there may reach a result: it is masked at
both ends.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from .activation import Activation
from .routing import Routing

MOST_WITHOUT_WAITING = 2  # more experts a token, and a buffer of all that could be would cost more than it saves


class Rows(NamedTuple):
    """Which pair each row of the buffer holds, and where the pairs of each token are."""

    token: Int[Tensor, " rows"]
    expert: Int[Tensor, " rows"]
    used: Bool[Tensor, " rows"]
    ends: Int[Tensor, " experts"]
    place: Int[Tensor, "tokens slots"]
    kept: Bool[Tensor, "tokens slots"]


def rows_by_expert(selected: Bool[Tensor, "tokens experts"], most: int | None) -> Rows:
    """Sort the pairs; `most` bounds the experts of a token, and None means that the device must be asked."""
    num_tokens, num_experts = selected.shape
    if num_tokens and (most is None or most > MOST_WITHOUT_WAITING):
        count, most = torch.stack([selected.sum(), selected.sum(1).amax()]).tolist()  # the one wait
    else:
        most = most or num_experts
        count = num_tokens * most
    # the experts of each token first, in their order
    kept, experts = selected.to(torch.uint8).sort(dim=1, descending=True, stable=True)
    kept, experts = kept[:, :most].bool(), experts[:, :most]
    key, slot = torch.where(kept, experts, num_experts).flatten().sort(stable=True)
    place = torch.empty_like(slot).scatter_(0, slot, torch.arange(len(slot), device=slot.device))
    key, slot = key[:count], slot[:count]
    return Rows(
        token=slot // max(most, 1),
        expert=key.clamp(max=num_experts - 1),
        used=key < num_experts,
        ends=torch.searchsorted(key, torch.arange(num_experts, device=key.device), right=True).to(torch.int32),
        place=place.view(num_tokens, most).clamp(max=max(count - 1, 0)),
        kept=kept,
    )


def collect(values: Float[Tensor, "rows dim"], rows: Rows) -> Float[Tensor, "tokens dim"]:
    """The sum of each token's rows, in float32 and always in the same order: no atomics."""
    total = values.new_zeros(len(rows.place), values.shape[1], dtype=torch.float32)
    for place, kept in zip(rows.place.unbind(1), rows.kept.unbind(1), strict=True):
        total += values[place].masked_fill(~kept.unsqueeze(1), 0)
    return total.to(values.dtype)


class Gather(Function):
    """Rows of their tokens; the gradient is their sum."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *rows: Tensor) -> Tensor:
        """(tokens, dim) to (rows, dim)."""
        ctx.save_for_backward(*rows)
        return x[Rows(*rows).token]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """(rows, dim) to (tokens, dim)."""
        return collect(grad, Rows(*ctx.saved_tensors)), *[None] * len(Rows._fields)


class Collect(Function):
    """The sum of each token's rows; the gradient is gathered."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, *rows: Tensor) -> Tensor:
        """(rows, dim) to (tokens, dim)."""
        ctx.save_for_backward(*rows)
        return collect(values, Rows(*rows))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """(tokens, dim) to (rows, dim)."""
        return grad[Rows(*ctx.saved_tensors).token], *[None] * len(Rows._fields)


def grouped(
    x: Float[Tensor, "tokens dim"],
    routing: Routing,
    up_proj: Float[Tensor, "experts projected dim"],
    down_proj: Float[Tensor, "experts dim inner"],
    activation: Activation,
    most: int | None,
) -> Float[Tensor, "tokens dim"]:
    """1. gather the rows; 2. both projections; 3. weigh; 4. collect. `most` as in `rows_by_expert`."""
    rows = rows_by_expert(routing.selected, most)
    if not len(rows.token):  # the product refuses to go backward through nothing
        nothing = [each[:0].flatten().to(x.dtype) for each in (x, routing.weights, up_proj, down_proj)]
        return torch.zeros_like(x) + torch.cat(nothing).sum()
    gathered = Gather.apply(x, *rows)  # type: ignore[no-untyped-call]
    hidden = activation(F.grouped_mm(gathered, up_proj.transpose(1, 2), offs=rows.ends))
    outputs = F.grouped_mm(hidden, down_proj.transpose(1, 2), offs=rows.ends)
    weights = torch.where(rows.used, routing.weights[rows.token, rows.expert], 0).to(x.dtype)
    collected: Tensor = Collect.apply(outputs * weights.unsqueeze(1), *rows)  # type: ignore[no-untyped-call]
    return collected
