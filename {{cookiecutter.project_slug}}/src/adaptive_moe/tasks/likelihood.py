"""Mean negative log-likelihood, true perplexity, bits per byte."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric


class MeanNLL(Metric):
    """Negative log-likelihood per token (answer, text), over those of all ranks.

    It takes log-likelihoods, not probabilities: one that underflows would make the result infinite.
    """

    higher_is_better = False
    nll: Tensor
    num_tokens: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("nll", torch.tensor(0.0, dtype=torch.float32), dist_reduce_fx="sum")
        self.add_state("num_tokens", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, nll: Float[Tensor, ""], num_tokens: Int[Tensor, ""]) -> None:
        """Add the summed negative log-likelihood of `num_tokens` tokens."""
        self.nll += nll
        self.num_tokens += num_tokens

    def compute(self) -> Float[Tensor, ""]:
        """Sum of nll / tokens."""
        return self.nll / self.num_tokens


class Perplexity(MeanNLL):
    """exp of the mean negative log-likelihood; lower is better."""

    def compute(self) -> Float[Tensor, ""]:
        """exp(sum of nll / tokens)."""
        return super().compute().exp()


class BitsPerByte(MeanNLL):
    """The same in bits, over the bytes of the text: it compares models with different vocabularies."""

    def compute(self) -> Float[Tensor, ""]:
        """Sum of nll / bytes / ln 2; updated with bytes in the place of tokens."""
        return super().compute() / math.log(2)
