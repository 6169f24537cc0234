"""How much the routers preferred the first expert to the second."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from ...moe import Gating, MarginGating

BINS = 50
HEIGHT, BAR = 120, 6  # of the picture, in pixels
PAPER, TWO, ONE, LINE = (255, 255, 255), (217, 119, 6), (148, 163, 184), (185, 28, 28)


def margins(ranked: Float[Tensor, "tokens experts"], gating: Gating) -> Float[Tensor, " tokens"]:
    """From which threshold on each token would get a second expert; R1 - R2 where the policy has none.

    Between 0 and 1: a selection bias can bring scores beyond.
    """
    if ranked.shape[1] == 1:
        return torch.ones_like(ranked[:, 0])
    gap = gating.margins(ranked)[:, 0] if isinstance(gating, MarginGating) else ranked[:, 0] - ranked[:, 1]
    return gap.nan_to_num(1.0).clamp(0, 1)  # a guard tells of a router that overflows, at its next log


class Histogram(NamedTuple):
    """Of the margins of one layer, over equal steps from 0 to 1.

    Attributes:
        counts: Tokens in each step.
        median: Of the margins.
        threshold: Up to where a token gets a second expert, if the policy has such a number.
    """

    counts: Int[np.ndarray, " bins"]
    median: float
    threshold: float | None

    @classmethod
    def of(cls, margins: Float[Tensor, " tokens"], threshold: float | None) -> "Histogram":
        """Count them."""
        counts = (margins * BINS).long().clamp(max=BINS - 1).bincount(minlength=BINS)
        return cls(counts.numpy(), float(margins.median()), threshold)

    def image(self) -> UInt8[np.ndarray, "height width 3"]:
        """Bars, those of two-expert tokens in another colour, and a line where the threshold is."""
        width = BINS * BAR
        heights = np.ceil(self.counts / max(self.counts.max(), 1) * (HEIGHT - 8)).astype(int).repeat(BAR)
        heights[::BAR] = 0  # a gap between bars
        picture = np.full((HEIGHT, width, 3), PAPER, dtype=np.uint8)
        filled = np.arange(HEIGHT)[:, None] >= HEIGHT - heights
        edge = 0 if self.threshold is None else round(self.threshold * (width - 1))
        picture[filled] = ONE
        picture[:, :edge][filled[:, :edge]] = TWO
        if self.threshold is not None:
            picture[:, max(edge - 1, 0) : edge + 1] = LINE
        return picture

    def svg(self) -> str:
        """The same for a page, in its colours."""
        heights = self.counts / max(self.counts.max(), 1) * 38
        bars = "".join(
            f"M{2 * place} 40v-{height:.1f}h1.7v{height:.1f}z" for place, height in enumerate(heights) if height
        )
        line = "" if self.threshold is None else f'<path class="line" d="M{100 * self.threshold:.2f} 0v40"/>'
        return f'<svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true"><path d="{bars}"/>{line}</svg>'
