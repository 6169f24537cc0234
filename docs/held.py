"""Experts per token with a fixed threshold, and with one that a compute budget moves.

python docs/held.py

Two runs of 250 steps of the default model; about three minutes on two CPU cores. Writes docs/pictures/budget.png.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "{{cookiecutter.project_slug}}"
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(PROJECT / "src"))

from adaptive_moe.report import logged

COSTS, THRESHOLD, GOAL = "routing/experts_per_token", "routing/threshold", 1.2
RUNS = {"T = 0.1": [], f"budget: {GOAL}": ["--config", str(PROJECT / "configs/compute_budget.yaml")]}
OPTIONS = ["--trainer.max_steps=250", "--trainer.limit_val_batches=2", "--trainer.log_every_n_steps=5"]


def main() -> None:
    """Train, print, draw."""
    figure = Figure((9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, options) in enumerate(RUNS.items()):
            command = [sys.executable, "-B", str(PROJECT / "train.py"), "fit", *options, *OPTIONS]
            subprocess.run(command, cwd=folder, check=True)
            curves = logged.table(Path(folder, "runs", "text_completion", f"version_{number}"))
            costs = curves[COSTS].dropna()
            left.plot(costs.index, costs, label=name)
            print(f"{name}: {COSTS} from {costs.min():.3f} to {costs.max():.3f}, at last {costs.iloc[-1]:.3f}")
            if THRESHOLD in curves:
                moved = curves[THRESHOLD].dropna()
                right.plot(moved.index, moved, color=f"C{number}")
            else:
                right.axhline(0.1, color=f"C{number}")
    left.axhline(GOAL, color="grey", linewidth=1)
    left.set(xlabel="step", ylabel="experts per token", ylim=(1, 2))
    left.legend(frameon=False)
    right.set(xlabel="step", ylabel="threshold", ylim=0)
    figure.savefig(ROOT / "docs" / "pictures" / "budget.png", dpi=110)


if __name__ == "__main__":
    main()
