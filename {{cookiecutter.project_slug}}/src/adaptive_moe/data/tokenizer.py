"""Text to ids and back: byte-level byte-pair encoding, so that no text has an unknown token."""

import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import islice
from pathlib import Path

import torch
from datasets import Dataset, IterableDataset
from huggingface_hub import hf_hub_download
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from ..atomic import replace

END_OF_TEXT = ("<|endoftext|>", "</s>", "<eos>", "[SEP]")  # names of the token that closes a text; ours is the first
SMALLEST_VOCABULARY = 257  # 256 bytes and the end of text
OF_A_STREAM = 20_000  # the texts that a vocabulary is learned from


def learned_tokenizer(
    rows: Dataset | IterableDataset, texts: Callable[[Dataset], Iterator[str]], vocab_size: int, cache_dir: Path
) -> Tokenizer:
    """The vocabulary of the texts in a training split, from the cache where it is there; of a stream's first rows."""
    if not isinstance(rows, Dataset):
        rows = Dataset.from_list(list(islice(deepcopy(rows), OF_A_STREAM)))  # reading moves a stream on
    path = cache_dir / f"tokenizer-{rows._fingerprint}-{vocab_size}.json"
    if not path.exists():
        save_tokenizer(train_tokenizer(texts(rows), vocab_size), path)
    return of_text(Tokenizer.from_file(str(path)))


def load_tokenizer(name: str) -> Tokenizer:
    """From a file, or of a model on the hub.

    Raises:
        ValueError: There is none, or it has no token that closes a text.
    """
    if name.endswith(".json") and not Path(name).is_file():
        raise ValueError(f"tokenizer is {name}, and there is no such file; mind the spelling")
    try:
        path = name if Path(name).is_file() else hf_hub_download(name, "tokenizer.json")
        tokenizer = of_text(Tokenizer.from_file(path))
    except Exception as error:  # the library raises nothing more special
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"tokenizer is {name}; it is neither a file of the tokenizers library nor a model that the hub gives "
            f"({reason}): give a tokenizer.json, or null to learn one from the training split"
        ) from error
    end_of_text(tokenizer)
    return tokenizer


def of_text(tokenizer: Tokenizer) -> Tokenizer:
    """A text is a text, whatever it says and however long it is."""
    tokenizer.encode_special_tokens = True  # "<|endoftext|>" in a text is thirteen letters, and closes nothing
    tokenizer.no_truncation()  # a file may say how its owner cut and padded
    tokenizer.no_padding()
    return tokenizer


def end_of_text(tokenizer: Tokenizer) -> int:
    """The id of the token that closes a text."""
    for name in END_OF_TEXT:
        if (number := tokenizer.token_to_id(name)) is not None:
            return int(number)
    raise ValueError(f"tokenizer has no token that closes a text; it needs one of {', '.join(END_OF_TEXT)}")


def bytes_of_tokens(tokenizer: Tokenizer) -> Int[Tensor, " vocabulary"]:
    """Bytes of text that each token stands for; a token that closes or marks something stands for none."""
    byte_level = (json.loads(tokenizer.to_str())["decoder"] or {}).get("type") == "ByteLevel"
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    sizes = torch.zeros(tokenizer.get_vocab_size(), dtype=torch.int64)
    for token, number in tokenizer.get_vocab().items():
        if number not in special:  # byte-level vocabularies write each byte as one letter
            sizes[number] = len(token if byte_level else tokenizer.decode([number]).encode())
    return sizes


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
    replace(path, tokenizer.to_str(pretty=True))
