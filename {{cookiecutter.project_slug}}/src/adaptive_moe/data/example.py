"""What a corpus yields."""

from typing import NamedTuple


class Example(NamedTuple):
    """One text and where it comes from.

    Splits are made by `source`, so that no source stands on both sides of a split.
    """

    text: str
    source: str
