"""Scores to a token."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


def choose(logits: Float[Tensor, "batch vocabulary"], temperature: float, top_p: float) -> Int[Tensor, "batch 1"]:
    """One token for each row: the likeliest at temperature 0, else drawn from the nucleus of the softmax.

    The nucleus is the fewest tokens whose probabilities reach `top_p`, which is above 0; 1 keeps all
    (Holtzman et al. 2020, arXiv 1904.09751).
    """
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    probs = (logits.float() / temperature).softmax(-1)
    if top_p < 1:
        ranked, tokens = probs.sort(dim=-1, descending=True, stable=True)
        before = F.pad(ranked.cumsum(-1)[:, :-1], (1, 0))
        probs = torch.zeros_like(probs).scatter(1, tokens, ranked.masked_fill(before >= top_p, 0))
    return torch.multinomial(probs, 1)
