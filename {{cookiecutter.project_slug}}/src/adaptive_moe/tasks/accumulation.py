"""A step of several batches, in which every token weighs the same."""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ..ranks import mean_over_ranks


class Accumulation:
    """The batches whose gradients are added up to one step, on all ranks.

    Lightning takes the mean of their losses, whether they have many tokens or few, and DDP the mean of the ranks'.
    How many there will be is known at the end. So each sum is divided by the number of the first batch, and
    the gradients are put right before the step: what they are then is that of all sums over all numbers. A step of
    one batch has nothing to put right, and nothing here waits for the device.
    """

    first: Shaped[Tensor, ""]
    number: Shaped[Tensor, ""] | None = None

    def loss(
        self, total: Float[Tensor, ""], number: Shaped[Tensor, ""], aux_loss: Float[Tensor, ""], begins: bool
    ) -> Float[Tensor, ""]:
        """Of one batch, with `number` summands on this rank; auxiliary losses are means and weigh as much as those."""
        number = mean_over_ranks(number)
        if begins or self.number is None:  # a run may go on from between two steps
            self.first, self.number = number.where(number > 0, 1), torch.zeros_like(number)
        self.number = self.number + number
        return total / self.first + aux_loss * (number / self.first)

    @torch.no_grad()
    def put_right(self, parameters: Iterable[nn.Parameter], batches: int) -> None:
        """The gradients of a step for which each loss was divided by `batches`; the last of an epoch may have fewer."""
        if batches > 1 and self.number is not None:
            factor = batches * self.first / self.number.where(self.number > 0, 1)
            for parameter in parameters:
                if parameter.grad is not None:
                    parameter.grad.mul_(factor)
