"""Text to ids and back: byte-level byte-pair encoding, so that no text has an unknown token."""

from collections.abc import Iterable
from copy import deepcopy
from itertools import islice
from pathlib import Path

from datasets import Dataset, IterableDataset
from datasets.fingerprint import Hasher
from huggingface_hub import hf_hub_download
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = ("<|endoftext|>", "</s>", "<eos>", "[SEP]")  # names of the token that closes a text; ours is the first
SMALLEST_VOCABULARY = 257  # 256 bytes and the end of text
OF_A_STREAM = 20_000  # the texts that a vocabulary is learned from


def learned_tokenizer(texts: Dataset | IterableDataset, vocab_size: int, cache_dir: Path) -> Tokenizer:
    """The vocabulary of a training split, from the cache where it is there; of a stream's first texts."""
    if isinstance(texts, Dataset):
        name, chosen = texts._fingerprint, texts["text"]
    else:
        chosen = [row["text"] for row in islice(deepcopy(texts), OF_A_STREAM)]  # reading moves a stream on
        name = Hasher.hash(chosen)
    path = cache_dir / f"tokenizer-{name}-{vocab_size}.json"
    if not path.exists():
        save_tokenizer(train_tokenizer((text for text in chosen if text), vocab_size), path)
    return Tokenizer.from_file(str(path))


def load_tokenizer(name: str) -> Tokenizer:
    """From a file, or of a model on the hub.

    Raises:
        ValueError: There is none, or it has no token that closes a text.
    """
    try:
        path = name if Path(name).is_file() else hf_hub_download(name, "tokenizer.json")
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the library raises nothing more special
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"tokenizer is {name}; it is neither a file of the tokenizers library nor a model that the hub gives "
            f"({reason}): give a tokenizer.json, or null to learn one from the training split"
        ) from error
    tokenizer.no_truncation()  # a file may say how its owner cut and padded
    tokenizer.no_padding()
    end_of_text(tokenizer)
    return tokenizer


def end_of_text(tokenizer: Tokenizer) -> int:
    """The id of the token that closes a text."""
    for name in END_OF_TEXT:
        if (number := tokenizer.token_to_id(name)) is not None:
            return int(number)
    raise ValueError(f"tokenizer has no token that closes a text; it needs one of {', '.join(END_OF_TEXT)}")


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn a vocabulary of at most `vocab_size` tokens; the same texts give the same vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT[0]],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write whole or not at all: an interrupted write must not be taken for a vocabulary."""
    partial = path.with_suffix(".partial")
    tokenizer.save(str(partial))
    partial.replace(path)
