"""The yardstick that any language model must beat."""

import torch
from jaxtyping import Int
from torch import Tensor


def unigram_perplexity(train: Int[Tensor, "..."], validation: Int[Tensor, "..."], vocab_size: int) -> float:
    """Perplexity of guessing each token by its frequency in training, one added to every count.

    Labels below zero are not tokens.
    """
    counts = torch.bincount(train[train >= 0], minlength=vocab_size) + 1
    log_probs = (counts / counts.sum()).log()
    return float((-log_probs[validation[validation >= 0]].mean()).exp())
