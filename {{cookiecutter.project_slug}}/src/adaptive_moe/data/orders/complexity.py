"""The paper's curriculum: simple samples first, and samples that are alike side by side."""

import math
from typing import Literal

import torch
from jaxtyping import Bool, Float32, Int, UInt8
from torch import Generator, Tensor

from .order import UNKNOWN, Order

Mode = Literal["paper", "magnitude"]


class Complexity(Order):
    """Easy to hard, by the shares of two-expert tokens that each layer's routing gave a sample (section 3.3).

    `paper`: the sample with the fewest two-expert tokens comes first, the others follow by cosine similarity
    to it. A cosine does not see magnitude, and an all-zero sample has none: those are the simplest, stand in front,
    and the reference is taken from the rest.
    `magnitude`: by the mean share, in buckets of like difficulty that are shuffled inside.

    Samples whose routing is not known come last, short ones first: in the first epoch, these are all.

    Args:
        mode: What is compared.
        buckets: How many of them `magnitude` makes.
        start_share: The part of the data, the easiest, that the first epoch opens.
        full_after: Epochs after which all of it is open; the part grows evenly until then.
        temperature: 0 keeps the order; the larger, the nearer it is to a random one.
    """

    needs_difficulty = True

    def __init__(
        self,
        mode: Mode = "magnitude",
        buckets: int = 16,
        start_share: float = 1.0,
        full_after: int = 0,
        temperature: float = 0.0,
    ) -> None:
        if buckets < 1:
            raise ValueError(f"buckets is {buckets}; it must be at least 1")
        if not 0 < start_share <= 1:
            raise ValueError(f"start_share is {start_share}; it is a part of the data: choose more than 0, up to 1")
        if full_after < 0 or (full_after == 0 and start_share < 1):
            raise ValueError(
                f"full_after is {full_after}; give the epochs after which all data is open: "
                "1 or more, or 0 with a start_share of 1"
            )
        if not 0 <= temperature < math.inf:
            raise ValueError(f"temperature is {temperature}; choose 0 (keep the order) or more")
        self.mode, self.buckets, self.temperature = mode, buckets, temperature
        self.start_share, self.full_after = start_share, full_after

    def arrange(
        self,
        lengths: Int[Tensor, " samples"],
        shares: UInt8[Tensor, "samples layers"],
        epoch: int,
        generator: Generator,
    ) -> Int[Tensor, " opened"]:
        """1. easy to hard; 2. shuffled in buckets; 3. blurred by the temperature; 4. cut to what is open."""
        order = torch.argsort(difficulty(lengths, shares, self.mode), stable=True)
        if self.mode == "magnitude":
            order = shuffled_in_buckets(order, self.buckets, generator)
        if self.temperature:
            order = blurred(order, self.temperature, generator)
        return order[: max(round(self.open_share(epoch) * len(order)), 1)]

    @property
    def paced(self) -> bool:
        """Whether an epoch may leave samples out."""
        return self.start_share < 1

    def open_share(self, epoch: int) -> float:
        """The part of the data that an epoch sees."""
        if epoch >= self.full_after:
            return 1.0
        return self.start_share + (1 - self.start_share) * epoch / self.full_after


def difficulty(
    lengths: Int[Tensor, " samples"], shares: UInt8[Tensor, "samples layers"], mode: Mode
) -> Float32[Tensor, " samples"]:
    """A key to sort by; in float32, where directions that are equal but for rounding tie."""
    by_length = 1000 + lengths.float()  # behind all that is known
    if not shares.shape[1]:
        return by_length
    known = shares[:, 0] != UNKNOWN
    key = distance(lengths, shares, known) if mode == "paper" else total(shares).float() / shares.shape[1]
    return torch.where(known, key, by_length)


def distance(
    lengths: Int[Tensor, " samples"], shares: UInt8[Tensor, "samples layers"], known: Bool[Tensor, " samples"]
) -> Float32[Tensor, " samples"]:
    """Minus the cosine to the reference; -3 where there is no direction, -2 at the reference."""
    candidates = known & (shares > 0).any(1)
    if not candidates.any():
        return torch.full_like(lengths, -3, dtype=torch.float32)
    tokens = torch.where(candidates, total(shares) * lengths, torch.iinfo(torch.int64).max)
    reference = int(tokens.argmin())
    dot = squares = torch.zeros(len(lengths), dtype=torch.float64)
    for layer in shares.unbind(1):
        share = layer.double()
        dot, squares = dot + share * share[reference], squares + share.square()
    key = torch.where(candidates, -dot / (squares * squares[reference]).sqrt(), -3)
    key[reference] = -2
    return key.float()


def total(shares: UInt8[Tensor, "samples layers"]) -> Int[Tensor, " samples"]:
    """The sum over the layers; one by one, since torch's own would take eight times the memory of the shares."""
    summed = torch.zeros(len(shares), dtype=torch.int64)
    for layer in shares.unbind(1):
        summed += layer
    return summed


def shuffled_in_buckets(order: Int[Tensor, " n"], buckets: int, generator: Generator) -> Int[Tensor, " n"]:
    """The order cut into so many parts of equal size, each shuffled."""
    parts = torch.split(order, math.ceil(len(order) / buckets) or 1)
    return torch.cat([part[torch.randperm(len(part), generator=generator)] for part in parts])


def blurred(order: Int[Tensor, " n"], temperature: float, generator: Generator) -> Int[Tensor, " n"]:
    """Drawn one after the other, each with a chance proportional to exp(-place / temperature); places from 0 to 1.

    Gumbel noise on the places draws so (Plackett-Luce; Kool et al. 2019, arXiv 1903.06059).
    """
    places = torch.linspace(0, 1, len(order))
    gumbel = -torch.empty(len(order)).exponential_(generator=generator).log()
    return order[torch.argsort(places - temperature * gumbel, stable=True)]
