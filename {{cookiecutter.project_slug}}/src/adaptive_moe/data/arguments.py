"""What the data module cannot work with."""

from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path

from datasets.exceptions import DatasetGenerationError

from ..errors import RunError
from .corpora import Corpus
from .orders import Order
from .tokenising import LongTexts, Tokenising
from .tokenizer import SMALLEST_VOCABULARY


def check_sizes(vocab_size: int, **sizes: int | None) -> None:
    """Raise a ValueError for one that is too small; None is no size."""
    if vocab_size < SMALLEST_VOCABULARY:
        raise ValueError(f"vocab_size is {vocab_size}; bytes and end of text need at least {SMALLEST_VOCABULARY}")
    for name, value in sizes.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1")


def check_window(window: int | None, corpus: Corpus, order: Order) -> None:
    """Raise a ValueError where one is needed, or would leave samples out for good."""
    if corpus.streaming and window is None:
        raise ValueError("window is null, and the corpus is a stream; give the texts of an epoch: --data.window 10000")
    if order.paced and window is not None:
        raise ValueError(
            f"window is {window}, and start_share is below 1; what a window leaves out does not come again: "
            "set --data.order.start_share 1, or --data.window null"
        )


def check_whole(form: type[Tokenising], packing: bool, long_texts: LongTexts) -> None:
    """Raise a ValueError where samples would be divided that must not be."""
    if not form.divisible and packing:
        raise ValueError(
            f"packing is true, and samples of {form.__name__} stay whole: take the config of the task, from "
            "configs/tasks/, or set --data.packing false"
        )
    if not form.divisible and long_texts == "split":
        raise ValueError(f"long_texts is split, and samples of {form.__name__} stay whole: set --data.long_texts cut")


def refuse_empty(splits: Mapping[str, Sized], samples: Mapping[str, Sized], unusable: str) -> None:
    """Raise a RunError for a split without a sample."""
    for name, rows in splits.items():
        if not len(samples.get(name, ())):
            found = f"no text that can be used: {len(rows)} rows, each {unusable}" if len(rows) else "no row"
            raise RunError(
                f"the {name} split of the corpus has {found}; give more, or files of their own for train, validation "
                "and test"
            )


@contextmanager
def told_of_disks(cache_dir: Path) -> Iterator[None]:
    """A RunError in place of what the system says of a disk that is full or cannot be read."""
    try:
        yield
    except RunError:
        raise
    except (OSError, ValueError, DatasetGenerationError) as error:
        # Closing a file on a full disk fails twice, and the second time with a ValueError.
        cause = error.__context__ if isinstance(error, ValueError) else error.__cause__ or error
        if not isinstance(cause, OSError):
            raise
        raise RunError(
            f"the corpus cannot be read, or cache_dir {cache_dir} cannot be written: {cause}; mend that, "
            "make room, or give another folder: --data.cache_dir"
        ) from error
