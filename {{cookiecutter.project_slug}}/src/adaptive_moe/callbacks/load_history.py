"""What the loads were over a run, in as many columns as an image has."""

from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from .heat_map import heat_map

COLUMNS = 256
BRIGHTEST = 3.0  # times the even load; what is beyond looks alike


class LoadHistory:
    """Each expert's load over the mean of its layer, one column for each log; neighbours merge when the image is full.

    Attributes:
        columns: Of all layers.
        each: How many logs a full column stands for.
        waiting: Logs that do not fill a column yet.
    """

    def __init__(self) -> None:
        self.columns: list[Float[Tensor, "layers experts"]] = []
        self.waiting: list[Float[Tensor, "layers experts"]] = []
        self.each = 1

    def add(self, load: Float[Tensor, "layers experts"]) -> None:
        """Those of another log."""
        self.waiting.append(load / load.mean(-1, keepdim=True).clamp(min=1e-9))
        if len(self.waiting) == self.each:
            self.columns.append(torch.stack(self.waiting).mean(0))
            self.waiting = []
        if len(self.columns) == COLUMNS:
            pairs = (torch.stack(self.columns[::2]) + torch.stack(self.columns[1::2])) / 2
            self.columns, self.each = list(pairs), 2 * self.each

    def image(self, layer: int) -> UInt8[Tensor, "height width 3"]:
        """Experts from top to bottom, time from left to right: dark is idle, a third of the scale is even."""
        return heat_map(torch.stack(self.columns, -1)[layer] / BRIGHTEST)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint: plain lists."""
        return {"columns": stacked(self.columns), "waiting": stacked(self.waiting), "each": self.each}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on."""
        self.columns, self.waiting, self.each = list(state["columns"]), list(state["waiting"]), state["each"]


def stacked(columns: list[Tensor]) -> Tensor:
    """One tensor of any number."""
    return torch.stack(columns) if columns else torch.zeros(0)
