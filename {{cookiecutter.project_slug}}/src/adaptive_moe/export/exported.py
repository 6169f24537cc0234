"""What was exported, read back."""

import json
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from .. import moe
from ..model import Blueprint, EncoderDecoder
from ..moe import Gating, MoEConfig


class Exported(nn.Module):
    """A transformer and its head.

    Args:
        blueprint: What the transformer is built from.
        num_outputs: Width of the head; None where the embedding gives the scores of the next token.
    """

    def __init__(self, blueprint: Blueprint, num_outputs: int | None) -> None:
        super().__init__()
        self.model = blueprint.build()
        self.head = None if num_outputs is None else nn.Linear(blueprint.dim, num_outputs)

    def forward(
        self,
        ids: Int[Tensor, "batch length"],
        samples: Int[Tensor, "batch length"] | None = None,
        source_ids: Int[Tensor, "batch source"] | None = None,
        source_samples: Int[Tensor, "batch source"] | None = None,
    ) -> Float[Tensor, "batch length outputs"]:
        """Logits of each token: of the next token, of the classes (count the first token's), or of a span's two ends.

        `samples` say which sample of its row a token belongs to, -1 for padding; without them a row is one sample.
        """
        inputs = [ids, whole_rows(ids) if samples is None else samples]
        if isinstance(self.model, EncoderDecoder):
            if source_ids is None:
                raise ValueError("source_ids is None, and an encoder-decoder reads a source: give its ids")
            inputs += [source_ids, whole_rows(source_ids) if source_samples is None else source_samples]
        hidden, _ = self.model(*inputs)
        logits: Tensor = self.model.logits(hidden) if self.head is None else self.head(hidden)  # type: ignore[operator]
        return logits.float()


def whole_rows(ids: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
    """Each row one sample."""
    return torch.zeros_like(ids)


def load(folder: str | Path) -> tuple[Exported, Tokenizer]:
    """Model, ready to evaluate on the CPU, and vocabulary.

    Raises:
        FileNotFoundError: The folder lacks a file of an export.
    """
    place = Path(folder)
    config = json.loads((place / "config.json").read_text("utf-8"))
    exported = Exported(Blueprint(**parts(config["model"])), config["num_outputs"])
    weights = load_file(place / "model.safetensors")
    state = tensors(exported)
    with torch.no_grad():
        for name in state.keys() | weights.keys():  # a name that one side lacks is an error
            state[name].copy_(weights[name])
    return exported.eval(), Tokenizer.from_file(str(place / "tokenizer.json"))


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """By name; with the buffers that no state holds: a threshold that a budget has moved."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def parts(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a blueprint, from plain values."""
    gating = dict(config["gating"])
    policy = getattr(moe, gating.pop("class"))
    assert issubclass(policy, Gating)
    return {**config, "gating": policy(**gating), "moe": MoEConfig(**config["moe"])}
