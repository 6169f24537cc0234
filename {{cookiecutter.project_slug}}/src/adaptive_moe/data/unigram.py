"""The yardstick that any language model must beat."""

from jaxtyping import Int
from torch import Tensor


def unigram_perplexity(train: Int[Tensor, " vocabulary"], validation: Int[Tensor, " vocabulary"]) -> float:
    """Perplexity of guessing each token by its frequency in training, one added to every count.

    Both are counts of the tokens to be predicted.
    """
    log_probs = ((train + 1) / (train + 1).sum()).log()
    return float((-(validation * log_probs).sum() / validation.sum()).exp())
