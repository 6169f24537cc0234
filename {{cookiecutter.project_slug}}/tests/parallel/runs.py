"""Small real runs, in one process or with the experts on several; each gives what it came to."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor
from torch.distributed.tensor import DTensor

from adaptive_moe.callbacks import FiniteGuard
from adaptive_moe.errors import RunError
from adaptive_moe.moe import (
    AuxLoss,
    ProbabilisticTopTwo,
    RandomTopTwo,
    SequenceBudget,
    Threshold,
    TopK,
    TopP,
)
from adaptive_moe.parallel import ExpertFullySharded, ExpertParallel, FullySharded
from adaptive_moe.parallel.sharded_experts import ShardedExperts
from adaptive_moe.tasks.optimisation import gradient_norm

from ..tasks import small

POLICIES: dict[str, tuple[str, Any]] = {  # the task that it is tried on
    "top_1": ("text_completion", TopK(1)),
    "top_2": ("translation", TopK(2)),
    "threshold": ("text_completion", Threshold(0.1)),
    "top_p": ("text_completion", TopP(0.6)),
    "probabilistic": ("text_completion", ProbabilisticTopTwo(0.4)),
    "random": ("translation", RandomTopTwo(0.3)),
    "sequence_budget": ("sentiment", SequenceBudget(1.4)),
}
BATCH = 8  # of all ranks
STEPS: dict[str, Any] = {
    "optimizer": functools.partial(torch.optim.SGD, lr=0.3, momentum=0.9),
    "aux_loss": AuxLoss(0.1, "all_choices", router_z_weight=0.1, global_batch=True),
    "warmup_steps": 0,
}
WRITING: dict[str, Any] = {"temperature": 0.0, "generated_samples": 3, "max_new_tokens": 12}
STRATEGIES: dict[str, Callable[[], DDPStrategy]] = {
    "experts": functools.partial(ExpertParallel, gradient_as_bucket_view=True),
    "weights": FullySharded,
    "both": ExpertFullySharded,
}


def policies(name: str) -> list[str]:
    """Those that are tried: all where experts are divided alone, since what travels depends on them."""
    return list(POLICIES) if name in ("", "experts") else ["threshold", "top_2"]


class Kept(NamedTuple):
    """Of each step, the loss over all ranks and the norm of all gradients; and the trainer."""

    losses: list[float]
    norms: list[float]
    trainer: Trainer


class Note(Callback):
    """Writes down losses and norms."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.norms: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *_: Any) -> None:
        self.losses.append(float(trainer.strategy.reduce(outputs["loss"].detach())))

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        norm = getattr(trainer.strategy, "gradient_norm", gradient_norm)
        self.norms.append(float(norm(pl_module.parameters())))


def trainer(num_ranks: int, **options: Any) -> Trainer:
    """Quiet."""
    if num_ranks > 1:
        options |= {"strategy": STRATEGIES[os.environ["STRATEGY"]](), "devices": num_ranks}
    planned = {"use_distributed_sampler": False, "reload_dataloaders_every_n_epochs": 1}
    quiet: Any = dict.fromkeys(["logger", "enable_progress_bar", "enable_model_summary", "enable_checkpointing"], False)
    few: Any = {"accelerator": "cpu", "limit_val_batches": 0, "gradient_clip_val": 0.3}
    return Trainer(**{**planned, **quiet, **few, **options})


def trained(
    policy: str, folder: Path, num_ranks: int, epochs: int = 1, since: Path | None = None, accumulated: int = 1
) -> Kept:
    """Two steps in each epoch, with momentum."""
    name, gating = POLICIES[policy]
    module = small.task(name, gating=gating, **STEPS)
    sizes: Any = {"batch_size": BATCH // num_ranks // accumulated, "context_length": 8 if "text" in name else 32}
    data, note = small.data(name, folder, **sizes), Note()
    chosen = trainer(
        num_ranks, callbacks=[note, FiniteGuard("skip")], max_epochs=epochs, accumulate_grad_batches=accumulated
    )
    chosen.fit(module, data, ckpt_path=since, weights_only=True)
    return Kept(note.losses, note.norms, chosen)


def judged(folder: Path, num_ranks: int) -> dict[str, float]:
    """What validation and test measure; some ranks have nothing to write, and answers have several lengths."""
    module = small.task("translation", **WRITING)
    del module.log, module.log_dict
    data, chosen = small.data("translation", folder), trainer(num_ranks, limit_val_batches=1.0)
    (validated,) = chosen.validate(module, data, verbose=False)
    (tested,) = chosen.test(module, data, verbose=False)
    return {**validated, **tested}


def validated(folder: Path, num_ranks: int) -> dict[str, float]:
    """What validations measure while a model trains, and the loss of the steps behind them."""
    module = small.task("translation", **WRITING, **STEPS)
    del module.log, module.log_dict
    data, note = small.data("translation", folder, batch_size=BATCH // num_ranks), Note()
    chosen = trainer(num_ranks, limit_val_batches=1.0, val_check_interval=1, max_steps=2, callbacks=[note])
    chosen.fit(module, data)
    measured = {name: float(value) for name, value in chosen.callback_metrics.items() if name.startswith("val")}
    return {**measured, "last": note.losses[-1]}


def all_runs(folder: Path, num_ranks: int, name: str = "") -> dict[str, Any]:
    """Every policy for an epoch, and from one process's checkpoint for another; checkpoints of several states."""
    torch.set_num_threads(1)
    found: dict[str, Any] = {"answered": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShardedExperts, "answer", counted(found, ShardedExperts.answer))
        found["judged"], found["validated"] = judged(folder, num_ranks), validated(folder, num_ranks)
        patch.setattr(torch, "rand_like", by_value)
        for policy in policies(name):
            found[policy] = trained(policy, folder, num_ranks)[:2]
    found["accumulated"] = trained("threshold", folder, num_ranks, accumulated=2)[:2]
    saved = folder / f"{name}{num_ranks}.ckpt"
    trained("threshold", folder, num_ranks).trainer.save_checkpoint(saved, weights_only=False)
    found["resumed"] = trained("threshold", folder, num_ranks, 2, folder / "1.ckpt")[:2]
    unmoved = trained("threshold", folder, num_ranks, 1, saved).trainer
    found["held"] = sum(held(parameter) for parameter in unmoved.lightning_module.parameters())
    unmoved.save_checkpoint(folder / f"{name}{num_ranks}-again.ckpt", weights_only=False)
    found["tested"] = tested(unmoved, folder)
    return found


def tested(trained: Trainer, folder: Path) -> str:
    """What comes of another run of the same model."""
    try:
        trained.test(trained.lightning_module, small.data("text_completion", folder), verbose=False)
    except RunError as error:
        return str(error)
    return ""


def held(parameter: Tensor) -> int:
    """Numbers in this rank's memory."""
    return parameter.to_local().numel() if isinstance(parameter, DTensor) else parameter.numel()


def counted(found: dict[str, Any], answer: Callable[..., None]) -> Callable[..., None]:
    """The same, and how often."""

    def and_count(*inputs: Any) -> None:
        found["answered"] += 1
        answer(*inputs)

    return and_count


def by_value(scores: Tensor) -> Tensor:
    """In place of chance: the same for a token wherever it is."""
    return 10 * scores % 1


def one_rank(rank: int, folder: Path, num_ranks: int, name: str) -> None:
    store = f"file://{folder}/store-{name}{num_ranks}"
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=num_ranks)
    os.environ["LOCAL_RANK"] = str(rank)  # so that Lightning starts no others
    os.environ["STRATEGY"] = name
    torch.save(all_runs(folder, num_ranks, name), folder / f"{name}{num_ranks}-{rank}.pt")
    torch.distributed.destroy_process_group()
