"""Mean negative log-likelihood and true perplexity."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchmetrics import Metric, MetricCollection


class MeanNLL(Metric):
    """Negative log-likelihood per token, over all tokens of all ranks.

    It takes log-likelihoods, not probabilities: one that underflows would make the result infinite.
    """

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


def language_metrics(stage: str) -> MetricCollection:
    """`<stage>/loss` and `<stage>/perplexity`."""
    return MetricCollection({"loss": MeanNLL(), "perplexity": Perplexity()}, prefix=f"{stage}/")
