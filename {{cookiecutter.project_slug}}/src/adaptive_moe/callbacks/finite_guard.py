"""Ends a run, or leaves out a step, where numbers are not finite."""

import json
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from ..atomic import replace
from ..data import Batch, Slice, TextDataModule
from ..data.windows import Chosen
from ..errors import RunError
from ..moe import Routing
from ..ranks import gather_objects, sum_over_ranks
from ..tasks.optimisation import gradient_norm, norm_of
from .log_steps import logs_now

SHOWN = 8  # samples in a sentence; the file has all


class FiniteGuard(Callback):
    """Looks at the routers' logits, the loss and the gradient's norm of every batch; what is found is told and saved.

    The first that was not finite is told, with its step, layer and samples; `not_finite/step_<n>.json` in the run's
    folder has them for each rank.

    Args:
        on_fault: `stop`, at the next log or before the next checkpoint, so that no step waits for the device; or `skip`
            the optimiser's step on all ranks, for which each step waits.
        max_skips: How many steps are left out before the run ends.

    Raises:
        RunError: Something is not finite, or was too often.
    """

    def __init__(self, on_fault: Literal["stop", "skip"] = "stop", max_skips: int = 10) -> None:
        if max_skips < 1:
            raise ValueError(f"max_skips is {max_skips}; it must be at least 1")
        self.on_fault, self.max_skips = on_fault, max_skips
        self.skips = 0
        self.forget()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Nothing has happened yet."""
        self.logged_step = trainer.global_step
        self.skipping = False
        self.forget()

    def forget(self) -> None:
        """All was well until here."""
        self.rows: list[Float[Tensor, " parts"]] = []  # finite if what was added up is
        self.steps: list[int] = []
        self.samples: list[Tensor] = []
        self.windows: list[Chosen | None] = []  # that the samples are numbered in

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Without gradients an optimiser does nothing."""
        if self.on_fault == "skip" and trainer.precision != "16-mixed":  # whose scaler does the same
            norm = norm_of(trainer) or gradient_norm
            finite = norm(pl_module.parameters()).isfinite()
            self.skipping = bool(sum_over_ranks((~finite).long()))
            if self.skipping:
                optimizer.zero_grad()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Keep a number for each part; look at them when it is time."""
        routings: dict[str, Routing] = outputs["routings"]
        parts = {f"the router's logits of {name} are": each.logits.sum() for name, each in routings.items()}
        parts["the loss is"] = loss = outputs["loss"].detach()
        norm: Tensor | None = getattr(pl_module, "gradient_norm", None)  # none in float16, whose scaler looks
        parts["the gradient is"] = torch.zeros_like(loss) if norm is None else norm
        if self.skipping:
            parts["the gradient is"] = torch.full_like(loss, torch.nan)
        self.rows.append(torch.stack(list(parts.values())))
        self.steps.append(trainer.global_step)
        self.samples.append(batch.samples)
        data = trainer.datamodule  # type: ignore[attr-defined]
        self.windows.append(data.curriculum.samples if isinstance(data, TextDataModule) and data.curriculum else None)
        self.parts = list(parts)
        if self.skipping:
            self.skip(trainer)
        elif logs_now(trainer, self.logged_step):
            self.logged_step = trainer.global_step
            self.look(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """What is broken is not worth keeping; and no state of its own, as in `LastCheckpoint`."""
        self.look(trainer)
        checkpoint["skips"] = self.skips

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """How many steps the run that goes on has left out."""
        self.skips = checkpoint.get("skips", 0)

    def look(self, trainer: Trainer) -> None:
        """At all that has gathered."""
        if self.on_fault == "stop" and (found := self.found(trainer)):
            raise RunError(
                f"{found}; lower --model.optimizer.lr, or raise --model.aux_loss.router_z_weight, for example to 0.001"
            )
        self.forget()

    def skip(self, trainer: Trainer) -> None:
        """Tell, and go on."""
        found = self.found(trainer)
        self.skips, self.skipping = self.skips + 1, False
        self.forget()
        if self.skips > self.max_skips:
            raise RunError(f"{found}, and {self.max_skips} steps were left out before; lower --model.optimizer.lr")
        if trainer.is_global_zero:
            print(f"\n{found}: the step is left out, {self.skips} of {self.max_skips}.", flush=True)

    def found(self, trainer: Trainer) -> str:
        """What was not finite first, in words, if anything; on all ranks together."""
        if not self.rows:
            return ""
        broken, parts = ~torch.stack(self.rows).isfinite(), self.parts
        places = sum_over_ranks(broken.long()).nonzero().tolist()
        if not places:
            return ""
        batch, part = places[0]  # the earliest batch, and in it the first layer
        mine = [name for name, is_broken in zip(parts, broken[batch].tolist(), strict=True) if is_broken]
        samples = [sample for sample in self.samples[batch].unique().tolist() if sample >= 0]
        if isinstance(window := self.windows[batch], Slice):
            samples = window.chosen[samples].tolist()
        seen = gather_objects({"not_finite": mine, "samples": samples})
        rank, its = next((rank, each) for rank, each in enumerate(seen) if parts[part] in each["not_finite"])
        folder = trainer.log_dir or trainer.default_root_dir
        path = Path(folder, f"not_finite/step_{self.steps[batch]}.json")
        if trainer.is_global_zero:
            try:
                replace(path, json.dumps(dict(enumerate(seen))) + "\n")
            except OSError as error:
                rank_zero_warn(f"{path} cannot be written ({error.strerror}); make room there")
        shown = ", ".join(map(str, its["samples"][:SHOWN])) + (", ..." if len(its["samples"]) > SHOWN else "")
        where = f" on rank {rank}" if len(seen) > 1 else ""
        return f"{parts[part]} not finite in step {self.steps[batch]}{where}, of samples {shown} ({path})"
