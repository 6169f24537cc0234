"""What is kept of the tokens that a validation sees."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor

from ...data import PADDING, Batch
from ...model import positions_in_samples
from ...moe import Gating, Routing
from ...ranks import sum_over_ranks
from .margins import margins


class Routed(NamedTuple):
    """Tokens of one stack, and where its layers sent them.

    Padding is there until all are together: to cut it out of a batch would wait for the device.

    Attributes:
        ids: Of the vocabulary.
        samples: Which sample each is of, -1 for padding.
        positions: In the sample, as the model sees it.
        lengths: Tokens of the sample that the model sees at once.
        turns: Of the batch, among those of all ranks.
        selected: 1 for each expert that took the token.
        margins: From which threshold on the token would get a second expert.
    """

    ids: Int[Tensor, " tokens"]
    samples: Int[Tensor, " tokens"]
    positions: Int[Tensor, " tokens"]
    lengths: Int[Tensor, " tokens"]
    turns: Int[Tensor, " tokens"]
    selected: UInt8[Tensor, "tokens layers experts"]
    margins: Float[Tensor, "tokens layers"]

    @property
    def experts_per_token(self) -> Int[Tensor, "tokens layers"]:
        """The compute spent on each token, layer by layer."""
        return self.selected.sum(2)

    def first(self, number: int) -> "Routed":
        """So many of them."""
        return Routed(*(column[:number] for column in self))

    def over_ranks(self, rank: int, world_size: int) -> "Routed":
        """Those of all ranks; the same on every rank."""
        sizes = self.ids.new_zeros(world_size)
        sizes[rank] = len(self.ids)
        room = int(sum_over_ranks(sizes).max())

        def together(column: Shaped[Tensor, "tokens *n"]) -> Shaped[Tensor, "all *n"]:
            everyone = column.new_zeros(world_size, room, *column.shape[1:])
            everyone[rank, : len(column)] = column
            return sum_over_ranks(everyone).flatten(0, 1)

        filled = self._replace(samples=self.samples - PADDING)  # 0 is padding, as where a rank has less than others
        columns = Routed(*map(together, filled))
        return columns._replace(samples=columns.samples + PADDING)

    def real(self) -> "Routed":
        """Without padding, in the order of the batches; in the memory of the CPU."""
        here = Routed(*(column.cpu() for column in self))
        order = here.turns.argsort(stable=True)
        order = order[here.samples[order] != PADDING]
        return Routed(*(column[order] for column in here))


def routed(batch: Batch, stack: str, routings: Sequence[Routing], gating: Gating, turn: int) -> Routed:
    """The tokens of a batch, of which these are the routings; nothing here waits for the device."""
    ids = batch.source.ids if batch.source and stack == "encoder_" else batch.ids
    samples = batch.stacks[stack]
    positions, to_the_end = positions_in_samples(samples), positions_in_samples(samples.flip(1)).flip(1)
    return Routed(
        ids.flatten(),
        samples.flatten(),
        positions.flatten(),
        (positions + to_the_end + 1).flatten(),
        torch.full_like(samples, turn).flatten(),
        torch.stack([routing.selected for routing in routings], dim=1).to(torch.uint8),
        torch.stack([margins(routing.ranked, gating) for routing in routings], dim=1),
    )


def joined(parts: Sequence[Routed]) -> Routed:
    """One behind the other."""
    return Routed(*(torch.cat(columns) for columns in zip(*parts, strict=True)))
