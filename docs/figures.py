"""The drawings of the concepts, each computed by the project's own classes.

python docs/figures.py
"""

import argparse
import sys
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}" / "src"))

from adaptive_moe.data import Complexity
from adaptive_moe.moe import Threshold

T = 0.1
NUM_EXPERTS = {4: "C0", 16: "C1", 64: "C2"}
STYLES = {"raw": "-", "renormalised": "--"}
ORDERS = {
    "paper": Complexity("paper"),
    "magnitude": Complexity("magnitude"),
    "magnitude, temperature 0.3": Complexity("magnitude", temperature=0.3),
}


def num_experts(ranked: Tensor, threshold: float, gap: str) -> Tensor:
    """Of each token."""
    policy = Threshold(threshold, gap)  # type: ignore[arg-type]
    experts: Tensor = policy(ranked, torch.zeros(len(ranked), dtype=torch.int64)).sum(1)
    return experts


def gaps() -> Figure:
    """Who gets two experts; and what that costs of a router that has just begun."""
    figure = Figure((9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    grid = torch.linspace(0, 1, 601)
    first, second = torch.meshgrid(grid, grid, indexing="xy")
    ranked = torch.stack([first.flatten(), second.flatten()], 1)
    possible = (second <= first) & (first + second <= 1)
    for gap, colour in (("raw", "C0"), ("renormalised", "C1")):
        two = (num_experts(ranked, T, gap) == 2).view_as(first) & possible
        left.contourf(first, second, two, levels=[0.5, 1.5], colors=[colour], alpha=0.5)
        left.fill_between([], [], color=colour, alpha=0.5, label=gap)
    left.plot([0, 0.5, 1, 0], [0, 0.5, 0, 0], color="grey", linewidth=1)
    left.set(xlabel="R1, the largest probability", ylabel="R2, the second", title=f"two experts at T = {T}")
    left.set(xlim=(0, 1), ylim=(0, 0.55))
    left.legend(frameon=False, title="gap")
    thresholds = torch.linspace(0, 1, 101)
    logits = torch.randn(4000, max(NUM_EXPERTS), generator=torch.Generator().manual_seed(0))
    for number, colour in NUM_EXPERTS.items():
        ranked = logits[:, :number].softmax(1).sort(dim=1, descending=True).values
        for gap, style in STYLES.items():
            means = [num_experts(ranked, float(each), gap).float().mean().item() for each in thresholds]
            right.plot(thresholds, means, style, color=colour, label=f"{number} experts, {gap}")
    right.axvline(T, color="grey", linewidth=1)
    right.set(xlabel="T", ylabel="experts per token", title="normal logits", xlim=(0, 1), ylim=(1, 2.02))
    right.legend(frameon=False)
    return figure


def orders() -> Figure:
    """Samples by their shares of two-expert tokens in two layers, coloured by their place in an epoch."""
    generator = torch.Generator().manual_seed(0)
    level, tilt = torch.rand(500, generator=generator), 0.15 * torch.randn(500, generator=generator)
    shares = (torch.stack([level + tilt, level - tilt], 1).clamp(0, 1) * 254).round().to(torch.uint8)
    lengths = torch.randint(20, 200, (500,), generator=generator)
    figure = Figure((9, 3.2), layout="constrained")
    for axes, (name, order) in zip(figure.subplots(1, 3, sharey=True), ORDERS.items(), strict=True):
        places = torch.empty(500)
        places[order.arrange(lengths, shares, 1, torch.Generator().manual_seed(1))] = torch.linspace(0, 1, 500)
        drawn = axes.scatter(*(shares / 254).T, c=places, s=9, cmap="viridis")
        axes.set(title=name, xlabel="share in layer 0", aspect="equal")
    figure.axes[0].set_ylabel("share in layer 1")
    figure.colorbar(drawn, ax=figure.axes, label="place in the epoch", shrink=0.85)
    return figure


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "pictures", help="where they go")
    folder = parser.parse_args().folder
    for figure, name in ((gaps(), "gaps"), (orders(), "orders")):
        figure.savefig(folder / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
