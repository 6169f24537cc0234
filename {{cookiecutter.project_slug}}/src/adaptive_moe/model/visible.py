"""Who may attend to whom: it follows from the sample that each token belongs to, -1 for padding."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def within_samples(
    samples: Int[Tensor, "batch queries"], others: Int[Tensor, "batch keys"]
) -> Bool[Tensor, "batch queries keys"]:
    """A token sees all of its own sample. Padding sees padding: a softmax over nothing would be NaN."""
    return samples.unsqueeze(2) == others.unsqueeze(1)


def causal_within_samples(samples: Int[Tensor, "batch length"], new: int) -> Bool[Tensor, "batch {new} length"]:
    """Each of the last `new` tokens sees its own sample up to itself."""
    length = samples.shape[1]
    same = within_samples(samples[:, length - new :], samples)
    return same & torch.ones_like(same).tril(length - new)
