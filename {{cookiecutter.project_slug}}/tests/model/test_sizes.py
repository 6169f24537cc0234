from collections.abc import Callable

import pytest
import torch
from torch import nn

from adaptive_moe.model import Decoder, Encoder, EncoderDecoder
from adaptive_moe.moe import FeedForward, MoE, MoEConfig, TopK


def dense(dim: int, layers: int) -> list[MoE | FeedForward]:
    return MoEConfig(expert_dim=4 * dim, layers=[], activation="gelu").build(dim, layers, TopK(1))


def bert_base() -> nn.Module:
    return Encoder(30522, 768, 12, dense(768, 12), "learned", 512)


def bart_large() -> nn.Module:
    return EncoderDecoder(50265, 1024, 16, dense(1024, 12), dense(1024, 12), "learned", 1026)


def gpt2_medium() -> nn.Module:
    return Decoder(50257, 1024, 16, dense(1024, 24), "learned", 1024)


@pytest.mark.parametrize(
    ("model", "published"), [(bert_base, 109_482_240), (bart_large, 406_291_456), (gpt2_medium, 354_823_168)]
)
def test_the_sizes_of_the_paper_come_out_but_for_biases(model: Callable[[], nn.Module], published: int) -> None:
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in model().parameters())
    assert count == pytest.approx(published, rel=0.02)
