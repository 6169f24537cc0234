"""Routers that begin by sending everything to one expert: left alone, with the balance loss, with the selection bias.

python docs/repair.py

A small model on the default text; a minute on two CPU cores. Writes docs/pictures/repair.png and prints the loads.
"""

import functools
import sys
import tempfile
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from matplotlib.figure import Figure

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path.insert(0, str(ROOT / "{{cookiecutter.project_slug}}" / "src"))

from adaptive_moe.callbacks import ExpertLoadBalancer, RunLogger
from adaptive_moe.callbacks.steering import routers_of
from adaptive_moe.data import PythonDocs, Random, TextDataModule
from adaptive_moe.moe import AuxLoss, MoEConfig, Threshold
from adaptive_moe.report import logged
from adaptive_moe.tasks import TextCompletion

TAG = "routing/layer_1/max_over_mean_load"
RUNS = {"neither": (False, 0.0), "balance loss, weight 0.01": (False, 0.01), "selection bias": (True, 0.0)}


def loads(has_bias: bool, weight: float, folder: Path) -> dict[int, float]:
    """Max over mean load of a layer, by step."""
    torch.manual_seed(0)
    task = TextCompletion(
        gating=Threshold(0.1, "renormalised"),
        optimizer=functools.partial(torch.optim.AdamW, lr=0.001),
        moe=MoEConfig(num_experts=16, expert_dim=64, selection_bias=has_bias),
        aux_loss=AuxLoss(load_balancing_weight=weight),
        dim=48,
        num_layers=3,
        num_heads=2,
    )
    # what all tokens share, all routers take for a sign of their first expert
    shared = task.model.embedding.weight.data[0].sign()
    task.model.embedding.weight.data += 0.6 * shared
    for router in routers_of(task):
        router.linear.weight.data[0] = shared / 12
    trainer = Trainer(
        max_steps=400,
        accelerator="cpu",
        logger=RunLogger(str(folder), name="repair", default_hp_metric=False),
        log_every_n_steps=5,
        limit_val_batches=0,
        callbacks=[ExpertLoadBalancer(rate=0.003)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
    )
    data = TextDataModule(PythonDocs(), Random(), cache_dir=str(folder / "data"), context_length=128)
    trainer.fit(task, datamodule=data)
    found: dict[int, float] = logged.table(Path(trainer.log_dir or ""))[TAG].dropna().to_dict()
    return found


def main() -> None:
    """Train, print, draw."""
    figure = Figure((8, 3.5), layout="constrained")
    axes = figure.add_subplot()
    with tempfile.TemporaryDirectory() as name:
        for label, settings in RUNS.items():
            found = loads(*settings, Path(name))
            axes.plot(list(found), list(found.values()), label=label)
            first, *_, last = found.values()
            print(f"{label}: {TAG} {first:.2f} at first, {last:.2f} at last")
    axes.set(xlabel="step", ylabel="load of the busiest expert over the mean", ylim=(0, 17))
    axes.axhline(1, color="grey", linewidth=1)
    axes.legend(frameon=False)
    figure.savefig(ROOT / "docs" / "pictures" / "repair.png", dpi=110)


if __name__ == "__main__":
    main()
