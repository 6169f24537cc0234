"""Small models of every kind, in double precision, and one way to call them."""

from collections.abc import Callable

import torch
from torch import Tensor

from adaptive_moe.model import Decoder, Encoder, EncoderDecoder, Positions
from adaptive_moe.moe import FeedForward, MoE, MoEConfig, Threshold

Model = Encoder | Decoder | EncoderDecoder
KINDS = ("encoder", "decoder", "encoder_decoder")
IDS = torch.arange(1, 13).view(1, 12)
SAMPLES = torch.tensor([[0] * 5 + [1] * 4 + [-1] * 3])
SOURCE_IDS = torch.arange(20, 30).view(1, 10)
SOURCE_SAMPLES = torch.tensor([[0] * 3 + [1] * 5 + [-1] * 2])

EXACT = 1e-9  # without experts all is in double precision
ROUTED = 1e-5  # the router is in float32, and another shape of its product rounds in another way


def feed_forwards(dense: bool = False) -> list[MoE | FeedForward]:
    return MoEConfig(num_experts=4, expert_dim=16, layers=[] if dense else 1).build(24, 2, Threshold(0.2))


def build(kind: str, positions: Positions = "rotary", dense: bool = False, num_positions: int = 30) -> Model:
    torch.manual_seed(0)
    made: dict[str, Callable[..., Model]] = {"encoder": Encoder, "decoder": Decoder, "encoder_decoder": EncoderDecoder}
    parts = [feed_forwards(dense) for _ in range(2 if kind == "encoder_decoder" else 1)]
    return made[kind](50, 24, 2, *parts, positions=positions, num_positions=num_positions).double()


def hidden(
    model: Model,
    ids: Tensor = IDS,
    samples: Tensor = SAMPLES,
    source_ids: Tensor = SOURCE_IDS,
    source_samples: Tensor = SOURCE_SAMPLES,
) -> Tensor:
    """Of a packed row; the source goes to the model that has one."""
    if isinstance(model, EncoderDecoder):
        out, _ = model(ids, samples, source_ids, source_samples, packed=True)
    else:
        out, _ = model(ids, samples)
    assert isinstance(out, Tensor)
    return out
