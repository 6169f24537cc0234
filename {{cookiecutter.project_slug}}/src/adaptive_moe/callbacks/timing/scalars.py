"""What is logged of a step."""

from ...model import TRAINING
from .rows import PARTS, Row, mean_row
from .verdict import slowest


def scalars(rows: list[Row], flops_per_token: float, peak_flops: float | None) -> dict[str, float]:
    """The tags, as means over the ranks.

    Args:
        rows: Of all ranks.
        flops_per_token: Operations forward, of the experts that were used; 0 where nobody has counted them.
        peak_flops: Operations a second of one device, where they are known.
    """
    mean = mean_row(rows)
    step = mean.total()
    values = {"time/step_ms": step}
    for part in PARTS:
        values[f"time/{part}_ms"] = mean.total((part,))
        values[f"time/{part}_share"] = mean.total((part,)) / step
    speed = 1000 * mean.tokens / step
    values["time/tokens_per_second_per_device"], values["time/tokens_per_second"] = speed, speed * len(rows)
    if mean.moe:
        values["time/moe_share"] = mean.moe / step
    if flops_per_token and peak_flops:
        values["time/mfu"] = TRAINING * flops_per_token * speed / peak_flops
    if memory := max(row.memory for row in rows):
        values["memory/peak_gib"] = memory
    if len(rows) > 1:
        values["time/slowest_rank"], values["time/slowest_rank_ms"], _ = slowest(rows)
    return values
