"""What the times of all ranks say, in words."""

from statistics import median
from typing import NamedTuple

from .rows import OWN, PARTS, Row, mean_row

LATE_SHARE = 0.05  # of a step; what is gained by mending less is lost in the noise of a shared machine
LATE_MS = 1.0  # scheduling alone makes ranks differ by less
BOUND_SHARE = 0.2  # of a step in waiting: mended, training is a quarter faster
WORTH_NAMING = 0.05  # of a step

CAUSES = {
    "data": "it waits for data",
    "forward": "it is slow in forward",
    "backward": "it is slow in backward",
    "optimizer": "it is slow in the optimiser",
}


class Slowest(NamedTuple):
    """The rank with the most work of its own, milliseconds beyond the others, and the part that most of them are in."""

    rank: int
    late: float
    part: str


def slowest(rows: list[Row]) -> Slowest:
    """Of several ranks; the median stands for the others.

    Steps take equally long on all of them, since each waits for the last: so only own work tells.
    """
    rank = max(range(len(rows)), key=lambda each: rows[each].total(OWN))
    others = [row for each, row in enumerate(rows) if each != rank]

    def beyond(*parts: str) -> float:
        return rows[rank].total(parts) - median(row.total(parts) for row in others)

    return Slowest(rank, beyond(*OWN), max(OWN, key=beyond))


def verdict(rows: list[Row]) -> str:
    """One sentence: who or what holds training back, or where the time goes."""
    mean = mean_row(rows)
    step = mean.total()
    share = {part: mean.total((part,)) / step for part in PARTS}
    if len(rows) > 1:
        rank, late, part = slowest(rows)
        if late > max(LATE_SHARE * step, LATE_MS):
            return f"rank {rank} holds the others back by {late:.0f} ms: {CAUSES[part]}"
    if share["data"] > BOUND_SHARE:
        return f"input-bound: {percent(share['data'])} of the step waits for data; raise --data.num_workers"
    if share["sync"] > BOUND_SHARE:
        return (
            f"communication-bound: {percent(share['sync'])} of the step in sync; "
            "raise --trainer.accumulate_grad_batches or the batch size"
        )
    largest = sorted(PARTS, key=lambda part: -share[part])
    parts = ", ".join(f"{part} {percent(share[part])}" for part in largest if share[part] >= WORTH_NAMING)
    moe = f"; {percent(mean.moe / step)} in MoE layers" if mean.moe else ""
    return f"of a step of {step:.0f} ms: {parts}{moe}"


def percent(share: float) -> str:
    """As one writes it."""
    return f"{100 * share:.0f} %"
