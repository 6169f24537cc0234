"""Continue a text token by token."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .transformer import Decoder


@torch.inference_mode()
def generate(
    model: Decoder, ids: Int[Tensor, "batch length"], num_tokens: int, temperature: float, end_of_text: int
) -> Int[Tensor, "batch longer"]:
    """Up to `num_tokens` more, drawn from the softmax of logits / `temperature`; 0 takes the likeliest.

    A text that has ended, with `end_of_text`, stays ended; when all have, it stops.
    """
    ended = torch.zeros_like(ids[:, :1], dtype=torch.bool)
    for _ in range(num_tokens):
        hidden, _ = model(ids, torch.zeros_like(ids))
        chosen = choose(model.logits(hidden[:, -1]), temperature).masked_fill(ended, end_of_text)
        ids = torch.cat([ids, chosen], dim=1)
        ended = chosen == end_of_text
        if ended.all():
            break
    return ids


def choose(logits: Float[Tensor, "batch vocabulary"], temperature: float) -> Int[Tensor, "batch 1"]:
    """One token for each row."""
    if temperature == 0:
        return logits.argmax(-1, keepdim=True)
    return torch.multinomial((logits.float() / temperature).softmax(-1), 1)
