"""The control that the paper lacks: what like lengths alone are worth."""

import torch
from jaxtyping import Int, UInt8
from torch import Generator, Tensor

from .order import Order


class LengthBucketed(Order):
    """Samples of like length side by side, so that batches need little padding; the buckets in random order.

    Args:
        bucket_size: Samples in a bucket; several batches' worth, since a batch that lies on a border holds two lengths.
    """

    def __init__(self, bucket_size: int = 256) -> None:
        if bucket_size < 1:
            raise ValueError(f"bucket_size is {bucket_size}; it must be at least 1")
        self.bucket_size = bucket_size

    def arrange(
        self,
        lengths: Int[Tensor, " samples"],
        shares: UInt8[Tensor, "samples layers"],
        epoch: int,
        generator: Generator,
    ) -> Int[Tensor, " samples"]:
        """Sorted by length, equal lengths by chance; cut into buckets; buckets shuffled."""
        chance = torch.randperm(len(lengths), generator=generator)
        by_length = chance[torch.argsort(lengths[chance], stable=True)]
        buckets = torch.split(by_length, self.bucket_size)
        return torch.cat([buckets[i] for i in torch.randperm(len(buckets), generator=generator)])
