"""Messages of libraries that a user can do nothing about."""

import logging
import sys
import warnings

from datasets import disable_progress_bars


def quiet() -> None:
    """Silence three messages of libraries, and bars where there is no terminal."""
    # Lightning still asks torch in the old way; it happens at every loader.
    warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
    # Its successor is not in every torch that the project takes.
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated")
    # An advertisement that no setting turns off.
    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(is_not_a_tip)
    if not sys.stderr.isatty():
        disable_progress_bars()  # of `datasets`, which would be one long line in a file


def is_not_a_tip(record: logging.LogRecord) -> bool:
    """False for Lightning's recommendations of its own products."""
    return "Tip: For seamless cloud" not in record.getMessage()
