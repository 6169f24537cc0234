"""What the ranks have measured."""

from typing import NamedTuple

PARTS = ("data", "forward", "backward", "sync", "optimizer", "other")  # of a step; they add up to it
OWN = ("data", "forward", "backward", "optimizer")  # `sync` and `other` hold waits for the other ranks


class Row(NamedTuple):
    """One rank's means over the steps since the last log.

    Attributes:
        steps: How many.
        data: Milliseconds that the device waits for a batch; the next five likewise.
        moe: Milliseconds in mixture-of-experts layers, which lie in forward and backward.
        tokens: Of this rank.
        memory: The most so far, in GiB.
    """

    steps: float
    data: float
    forward: float
    backward: float
    sync: float
    optimizer: float
    other: float
    moe: float
    tokens: float
    memory: float

    def total(self, parts: tuple[str, ...] = PARTS) -> float:
        """Milliseconds of some parts; of the step."""
        return float(sum(getattr(self, part) for part in parts))


def mean_row(rows: list[Row]) -> Row:
    """Of all ranks; the parts still add up."""
    return Row(*(sum(column) / len(rows) for column in zip(*rows, strict=True)))
