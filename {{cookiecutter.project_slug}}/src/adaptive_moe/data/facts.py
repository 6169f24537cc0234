"""What a reader of the results must know of the data, in words."""

from .corpora import Corpus
from .orders import Order
from .samples import Samples
from .tokenising import Tokenising


def epoch_of(
    samples: Samples | None, tokenising: Tokenising, packing: bool, window: int | None, seed: int, order: Order
) -> str:
    """What a place in an epoch means nothing without; no paths, since a corpus may move."""
    size = f"{len(samples):,} samples and {samples.num_tokens:,} tokens" if samples else "a stream"
    arguments = [f"{name}={value}" for name, value in vars(order).items()]
    return (
        f"{size} (context_length {tokenising.length}, {tokenising.long_texts}, packing {packing}, window {window}, "
        f"seed {seed}, {' '.join([type(order).__name__, *arguments])})"
    )


def facts(corpus: Corpus, samples: dict[str, Samples], num_rows: int, tokenising: Tokenising) -> dict[str, str]:
    """What it is, tokens of the splits, what was left out or divided in training, and a yardstick."""
    lines = {"corpus": f"{type(corpus).__name__}: {(type(corpus).__doc__ or '').splitlines()[0]}"}
    train, validation = samples.get("train"), samples["validation"]
    if train is None:
        return {**lines, "data": f"a stream to train on, {validation.num_tokens:,} tokens to validate"}
    lines["data"] = f"{train.num_tokens:,} tokens to train on, {validation.num_tokens:,} to validate"
    text_tokens = train.numbers("text_tokens")
    longer, left_out = int((text_tokens > tokenising.length).sum()), num_rows - int((text_tokens > 0).sum())
    if longer or left_out:
        lines["texts"] = (
            f"{num_rows:,}; {longer:,} longer than {tokenising.length} tokens, which were {tokenising.long_texts}, "
            f"{left_out:,} left out: {tokenising.unusable}"
        )
    return {**lines, **tokenising.yardstick(train, validation)}
