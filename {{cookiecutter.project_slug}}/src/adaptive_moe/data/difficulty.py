"""How difficult the samples are: the share of their tokens that used two experts, layer by layer."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from ..ranks import sum_over_ranks
from .batch import PADDING
from .orders.order import UNKNOWN

STEPS = 254  # that a share is counted in, to fit into a byte


class Difficulty:
    """What is known of the samples, and the counts of the epoch under way, which will replace it.

    Models with two stacks count each for itself, since a sample has other tokens there.

    Attributes:
        shares: In steps of 1/254, or `UNKNOWN`; what the order looks at. One byte a sample and layer.
        counts: For each stack, the two-expert tokens of every layer and, in the last column, all tokens; this rank's.
    """

    shares: UInt8[Tensor, "samples layers"]
    counts: dict[str, Int[Tensor, "samples columns"]]

    def __init__(self, lengths: Int[Tensor, " samples"]) -> None:
        self.num_samples = len(lengths)
        self.dtype = torch.int16 if len(lengths) and int(lengths.max()) < 2**15 else torch.int32
        self.shares = torch.empty(self.num_samples, 0, dtype=torch.uint8)
        self.counts = {}

    def add(self, two_experts: Bool[Tensor, "layers tokens"], samples: Int[Tensor, " tokens"], stack: str = "") -> None:
        """Count the tokens of a batch; nothing here waits for the device."""
        real = samples != PADDING
        if stack not in self.counts:
            shape = (self.num_samples, len(two_experts) + 1)
            self.counts[stack] = torch.zeros(shape, dtype=self.dtype, device=samples.device)
        columns = torch.cat([two_experts & real, real.unsqueeze(0)]).T.to(self.dtype)
        self.counts[stack] = self.counts[stack].to(samples.device)  # a checkpoint's are not there
        self.counts[stack].index_add_(0, samples.clamp(min=0), columns)  # padding adds nothing to sample 0

    def renew(self) -> None:
        """Put what was counted over all ranks in the place of what was known; other samples keep theirs."""
        counts = [self.total(stack) for stack in sorted(self.counts)]
        self.counts = {}
        if counts:
            seen = torch.stack([count[:, -1] > 0 for count in counts]).all(0)
            if not self.shares.shape[1]:
                layers = sum(count.shape[1] - 1 for count in counts)
                self.shares = torch.full((self.num_samples, layers), UNKNOWN, dtype=torch.uint8)
            self.shares[seen] = torch.cat([in_steps(count) for count in counts], dim=1)[seen]

    def known(self, samples: Int[Tensor, " chosen"]) -> Float[Tensor, " known"]:
        """Mean over the layers of the shares of those samples of which they are known; on the host."""
        if not self.shares.shape[1]:
            return torch.zeros(0)
        shares = self.shares[samples.cpu()]
        return shares[shares[:, 0] != UNKNOWN].float().mean(1) / STEPS

    def total(self, stack: str) -> Int[Tensor, "samples columns"]:
        """Counts of all ranks; column by column, in 32 bits, since ranks cannot add up 16."""
        counts = self.counts[stack]
        total = torch.empty_like(counts, device="cpu")
        for number, column in enumerate(counts.unbind(1)):
            total[:, number] = sum_over_ranks(column.int())
        return total

    def state_dict(self) -> dict[str, Any]:
        """On all ranks together."""
        return {"shares": self.shares, "counts": {stack: self.total(stack) for stack in sorted(self.counts)}}

    def load_state_dict(self, state: dict[str, Any], rank: int) -> None:
        """The first rank goes on with the counts of all."""
        self.shares = state["shares"]
        self.counts = {stack: count * int(rank == 0) for stack, count in state["counts"].items()}


def in_steps(counts: Int[Tensor, "samples columns"]) -> UInt8[Tensor, "samples layers"]:
    """Shares of the tokens, rounded down to a step of 1/254."""
    *layers, tokens = counts.unbind(1)
    divisor = tokens.int().clamp(min=1)
    return torch.stack([(STEPS * layer.int() // divisor).to(torch.uint8) for layer in layers], dim=1)
