from typing import Any

import pytest
import torch
from torch import Tensor

from adaptive_moe.model import (
    Decoder,
    Encoder,
    EncoderDecoder,
    Positions,
    generate,
    left_padded,
)

from .models import build

PROMPTS = [torch.tensor([3, 4, 5, 6]), torch.tensor([9]), torch.tensor([7, 8, 2])]
SOURCES = [torch.tensor([20, 21]), torch.tensor([22, 23, 24, 25]), torch.tensor([26])]
KINDS = pytest.mark.parametrize("kind", ["decoder", "encoder_decoder"])
POSITIONS = pytest.mark.parametrize("positions", ["rotary", "learned"])


def decoding(
    kind: str, positions: Positions = "rotary", num_positions: int = 30, scale: float = 3
) -> Decoder | EncoderDecoder:
    model = build(kind, positions, num_positions=num_positions)
    assert not isinstance(model, Encoder)
    with torch.no_grad():
        model.embedding.weight.mul_(scale)  # so that not all tokens are about as likely
    return model


def continued(
    model: Decoder | EncoderDecoder,
    prompts: list[Tensor] = PROMPTS,
    sources: list[Tensor] = SOURCES,
    num_tokens: int = 6,
    temperature: float = 0.0,
    top_p: float = 1.0,
    end_of_text: int = 0,
) -> Tensor:
    given = left_padded(sources) if isinstance(model, EncoderDecoder) else ()
    rows = left_padded(prompts)
    return generate(model, *rows, num_tokens, temperature, top_p, end_of_text, *given).clone()


def test_prompts_are_padded_on_the_left() -> None:
    ids, samples = left_padded(PROMPTS)
    assert ids.tolist() == [[3, 4, 5, 6], [0, 0, 0, 9], [0, 7, 8, 2]]
    assert samples.tolist() == [[0, 0, 0, 0], [-1, -1, -1, 1], [-1, 2, 2, 2]]


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows \[1\] are empty"):
        left_padded([PROMPTS[0], PROMPTS[0][:0]])


@POSITIONS
@KINDS
def test_the_likeliest_continuation_is_the_argmax_at_every_step(kind: str, positions: Positions) -> None:
    model = decoding(kind, positions)
    new = continued(model, PROMPTS[:1], SOURCES[:1], end_of_text=-5)
    ids = torch.cat([PROMPTS[0].unsqueeze(0), new], dim=1)[:, :-1]
    source: tuple[Any, ...] = left_padded(SOURCES[:1]) if isinstance(model, EncoderDecoder) else ()
    hidden, _ = model(ids, torch.zeros_like(ids), *source)
    assert torch.equal(new, model.logits(hidden).argmax(-1)[:, 3:])


@POSITIONS
@KINDS
def test_a_batch_continues_as_each_of_its_rows_alone(kind: str, positions: Positions) -> None:
    model = decoding(kind, positions)
    together = continued(model, end_of_text=-5)
    for row, prompt, source in zip(together, PROMPTS, SOURCES, strict=True):
        assert torch.equal(row, continued(model, [prompt], [source], end_of_text=-5)[0])
    assert len({tuple(row.tolist()) for row in together}) > 1


@KINDS
def test_sampling_follows_the_seed(kind: str) -> None:
    model = decoding(kind)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(continued(model, temperature=1.0, top_p=0.9))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_a_text_that_ended_stays_ended_and_when_all_have_it_stops() -> None:
    model = decoding("decoder", scale=1)
    torch.manual_seed(1)
    new = continued(model, [torch.tensor([3, 4])] * 64, num_tokens=20, temperature=1.0)
    ended = (new == 0).cummax(1).values
    assert ended.any()
    assert not ended.all()
    assert (new[ended] == 0).all()
    likeliest = int(continued(model, PROMPTS[:1], num_tokens=1))
    assert continued(model, PROMPTS[:1], num_tokens=9, end_of_text=likeliest).tolist() == [[likeliest]]


@KINDS
def test_learned_positions_end_a_text_and_rotary_ones_do_not(kind: str) -> None:
    assert continued(decoding(kind, "learned", 6), end_of_text=-5, num_tokens=9).shape == (3, 3)  # reads 4 + 2
    assert continued(decoding(kind, "learned", 4), end_of_text=-5, num_tokens=9).shape == (3, 1)
    assert continued(decoding(kind, "rotary", 4), end_of_text=-5, num_tokens=9).shape == (3, 9)
    with pytest.raises(ValueError, match="length is 4; 3 positions"):
        continued(decoding(kind, "learned", 3), sources=[torch.tensor([1])] * 3)


def test_no_tokens_are_no_tokens() -> None:
    assert continued(decoding("decoder"), num_tokens=0).shape == (3, 0)


def test_the_source_is_encoded_once_and_every_token_read_once() -> None:
    model, read = decoding("encoder_decoder"), []
    assert isinstance(model, EncoderDecoder)
    for part in (model.encoder, model.decoder):
        part.norm.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].shape[1]))
    continued(model, end_of_text=-5, num_tokens=4)
    assert read == [4, 4, 1, 1, 1]
