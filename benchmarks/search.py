"""What might move the goals of docs/results.md: adaptive gating with one change, by the means of `compare.py`.

python ../benchmarks/search.py --task text_completion --schemes searched --seeds 1 --folder /tmp/searched

It takes what `compare.py` takes and is called, like it, in the project's folder. The budgets show what warming is
worth: 1.4 is its mean over the run, 1.2 its end.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent / "{{cookiecutter.project_slug}}"
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(PROJECT), str(HERE)]

import compare

from adaptive_moe.report import GROUPS, SCHEMES
from adaptive_moe.report.schemes import TOP_2, Scheme

NO_LOSS = "--model.aux_loss.load_balancing_weight=0"


def changed(text: str, *options: str) -> Scheme:
    """Adaptive gating, but for one thing."""
    return Scheme(text, options, "adaptive")


SEARCHED = {
    "no_balance": changed("no balance loss", NO_LOSS),
    "top_2_no_balance": Scheme("two experts for each token, no balance loss", (*TOP_2, NO_LOSS), "no_balance"),
    "more_balance": changed("ten times the balance loss", "--model.aux_loss.load_balancing_weight=0.1"),
    "balance_all": changed("the balance loss over all choices", "--model.aux_loss.balance_over=all_choices"),
    "bias": changed("balance by a bias, not a loss", "--model.moe.selection_bias=true", NO_LOSS),
    "z_loss": changed("a z-loss of the router", "--model.aux_loss.router_z_weight=0.001"),
    "renormalised": changed("combine weights that sum to 1", "--model.moe.combine=renormalised"),
    "dense_first": changed("a dense first layer, of one expert's width", "--model.moe.layers=[1, 2, 3]"),
    "shared": changed(
        "a shared expert, and experts of two thirds of the width",
        "--model.moe.shared_experts=1",
        "--model.moe.expert_dim=256",
        "--model.moe.num_experts=12",
    ),
    "warmed_1.2": changed(
        "from two experts down to 1.2 in the first half",
        "--trainer.callbacks+=warming.Warming",
        "--trainer.callbacks.experts_per_token=1.2",
    ),
}
SCHEMES.update(SEARCHED)
GROUPS["searched"] = ("adaptive", "gap_raw", *SEARCHED, "budget_1.2", "budget_1.4")

if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(HERE)  # for the runs, which are processes of their own
    compare.main()
