"""True perplexity."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import MeanMetric


class Perplexity(MeanMetric):
    """exp of the mean negative log-likelihood over all tokens of all ranks; lower is better.

    It takes log-likelihoods, not probabilities: one that underflows would make the result infinite.
    """

    def __init__(self) -> None:
        super().__init__(nan_strategy="disable")

    def compute(self) -> Float[Tensor, ""]:
        """exp(sum of nll / tokens)."""
        return torch.exp(super().compute())
