"""Continue texts token by token."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .cache import BlockCache
from .encoder_decoder import EncoderDecoder
from .sampling import choose
from .stack import Stack
from .transformer import Decoder


@torch.inference_mode()
def generate(
    model: Decoder | EncoderDecoder,
    prompt_ids: Int[Tensor, "batch length"],
    prompt_samples: Int[Tensor, "batch length"],
    num_tokens: int,
    temperature: float,
    top_p: float,
    end_of_text: int,
    source_ids: Int[Tensor, "batch source"] | None = None,
    source_samples: Int[Tensor, "batch source"] | None = None,
) -> Int[Tensor, "batch new"]:
    """Up to `num_tokens` new tokens for each prompt, chosen by `temperature` and `top_p`.

    1. read what is new: first the prompts, then one token each; keys and values of what was read are kept
    2. choose the next token of each text; one that has ended, with `end_of_text`, stays ended
    3. stop when all have ended, or when as many tokens were read as there are learned positions

    Shorter prompts are padded on the left: see `left_padded`. A row's prompt and its source have the same number
    in `prompt_samples` and `source_samples`.
    """
    decoder, read = reader(model, source_ids, source_samples)
    ids, samples, chosen = prompt_ids, prompt_samples, [prompt_ids[:, :0]]
    ended = torch.zeros_like(prompt_ids[:, :1], dtype=torch.bool)
    for _ in range(num_tokens):
        hidden, _ = read(ids, samples)
        ids = choose(model.logits(hidden[:, -1]), temperature, top_p).masked_fill(ended, end_of_text)
        chosen.append(ids)
        ended = ids == end_of_text
        if ended.all() or (decoder.positions is not None and samples.shape[1] == decoder.positions.num_embeddings):
            break
        samples = torch.cat([samples, samples[:, -1:]], dim=1)
    return torch.cat(chosen, dim=1)


def reader(
    model: Decoder | EncoderDecoder,
    source_ids: Int[Tensor, "batch source"] | None,
    source_samples: Int[Tensor, "batch source"] | None,
) -> tuple[Stack, Callable[[Tensor, Tensor], Any]]:
    """The stack that decodes, and a function that gives it the next ids; the source is encoded here, once."""
    if isinstance(model, Decoder):
        # past a compiled call, which would compile again for every length
        return model, partial(model.forward, caches=[BlockCache() for _ in model.blocks])
    assert source_ids is not None
    assert source_samples is not None
    source, _ = model.encode(source_ids, source_samples)
    given = {"source": source, "source_samples": source_samples}
    caches = [BlockCache() for _ in model.decoder.blocks]
    return model.decoder, partial(model.decode, **given, packed=True, caches=caches)


def left_padded(rows: Sequence[Int[Tensor, " _"]]) -> tuple[Int[Tensor, "batch length"], Int[Tensor, "batch length"]]:
    """Ids and samples of rows that end together; each row's sample is its number, and -1 is padding."""
    if empty := [number for number, row in enumerate(rows) if not len(row)]:
        raise ValueError(f"rows {empty} are empty; there is nothing to continue: give each at least one token")
    samples = [torch.full_like(row, number) for number, row in enumerate(rows)]
    return (
        pad_sequence(list(rows), batch_first=True, padding_value=0, padding_side="left"),
        pad_sequence(samples, batch_first=True, padding_value=-1, padding_side="left"),
    )
