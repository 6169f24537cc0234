"""What a reader of the results must know of the data, in words."""

from .orders import Order
from .samples import Samples, Tokenising
from .unigram import unigram_perplexity


def epoch_of(
    samples: Samples | None, tokenising: Tokenising, packing: bool, window: int | None, seed: int, order: Order
) -> str:
    """What a place in an epoch means nothing without; no paths, since a corpus may move."""
    size = f"{len(samples):,} samples and {int(samples.lengths.sum()):,} tokens" if samples else "a stream"
    arguments = " ".join(f"{name}={value}" for name, value in vars(order).items())
    return (
        f"{size} (context_length {tokenising.length}, {tokenising.long_texts}, packing {packing}, window {window}, "
        f"seed {seed}, {type(order).__name__} {arguments})"
    )


def facts(samples: dict[str, Samples], num_texts: int, tokenising: Tokenising) -> dict[str, str]:
    """Tokens of the splits, what was left out or divided in training, and the yardstick of perplexity."""
    train, validation = samples.get("train"), samples["validation"]
    if train is None:
        return {"data": f"a stream to train on, {int(validation.lengths.sum()):,} tokens to validate"}
    lines = {"data": f"{int(train.lengths.sum()):,} tokens to train on, {int(validation.lengths.sum()):,} to validate"}
    text_tokens = train.text_tokens()
    longer, empty = int((text_tokens > tokenising.length).sum()), num_texts - int((text_tokens > 0).sum())
    if longer or empty:
        lines["texts"] = (
            f"{num_texts:,}; {longer:,} longer than {tokenising.length} tokens, which were {tokenising.long_texts}, "
            f"{empty:,} empty"
        )
    size = tokenising.tokenizer.get_vocab_size()
    yardstick = unigram_perplexity(train.label_counts(size), validation.label_counts(size))
    return {**lines, "unigram perplexity": f"{yardstick:.1f}"}
