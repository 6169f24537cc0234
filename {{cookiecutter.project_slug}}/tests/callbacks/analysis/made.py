"""Small routings made by hand."""

import warnings

import torch
from tokenizers import Tokenizer

from adaptive_moe.callbacks.analysis.routed import Routed
from adaptive_moe.callbacks.analysis.vocabulary import Vocabulary
from adaptive_moe.data.tokenizer import train_tokenizer
from adaptive_moe.moe import Routing

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of a library that TensorBoard holds
    from tensorboard.plugin_util import markdown_to_safe_html as markdown_to_safe_html

LETTERS = Vocabulary(lambda ids: "".join(chr(number) for number in ids), lambda number: f"<{number}>")
BYTES: Tokenizer = train_tokenizer(["the theory of the thing\n    there they are"], 270)
BPE = Vocabulary(BYTES.decode, lambda number: str(BYTES.id_to_token(number)))


def tokens(text: str, experts: list[list[list[int]]], samples: list[int] | None = None) -> Routed:
    """A letter is a token; for each, the numbers of its experts in every layer, out of three."""
    numbers = torch.arange(len(text))
    selected = torch.zeros(len(text), len(experts[0]), 3, dtype=torch.uint8)
    for token, layers in enumerate(experts):
        for layer, chosen in enumerate(layers):
            selected[token, layer, chosen] = 1
    return Routed(
        ids=torch.tensor([ord(letter) for letter in text]),
        samples=torch.tensor(samples) if samples else torch.zeros_like(numbers),
        positions=numbers,
        lengths=torch.full_like(numbers, len(text)),
        turns=torch.zeros_like(numbers),
        selected=selected,
        margins=torch.rand(selected.shape[:2]),
    )


def routing(probs: list[list[float]], selected: list[list[int]]) -> Routing:
    """Of probabilities and the experts that were chosen by them."""
    known = torch.tensor(probs)
    chosen = torch.zeros_like(known, dtype=torch.bool)
    for token, experts in enumerate(selected):
        chosen[token, experts] = True
    ranked = known.sort(dim=1, descending=True).values
    return Routing(known.log(), known, ranked, chosen, known * chosen)
