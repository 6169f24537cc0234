"""Where the time of a training step goes, on every rank."""

from collections import defaultdict
from contextlib import ExitStack
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from ..data import Batch
from ..ranks import gather_hosts
from .log_steps import log, logs_now
from .timing import (
    PARTS,
    PAUSE,
    Clock,
    DeviceTime,
    HostTime,
    Row,
    look_inside,
    marked_choice,
    peak_flops,
    peak_memory,
    scalars,
    verdict,
    watched_loop,
    watched_moe_layers,
    watched_ranks,
)

WARM_UP = 3  # steps that are not counted: they compile, allocate, start workers


class StepTimer(Callback):
    """Takes each optimiser step apart, and says in words what holds training back.

    A step goes from the end of one optimiser step's last batch to the end of the next one's, without validations,
    checkpoints and the end of an epoch. On a GPU its instants are events in the stream, read when they have passed:
    nothing waits. On other devices they are the host's, which tells of a CPU what was done, and else what was asked.

    Tags, as means over the steps since the last log and over the ranks: `time/step_ms`; for data, forward, backward,
    sync, optimizer and other, which add up to it, `time/<part>_ms` and `time/<part>_share`; `time/tokens_per_second`,
    `time/tokens_per_second_per_device`, `time/moe_share`, `time/mfu`, `time/slowest_rank`, `time/slowest_rank_ms`,
    `memory/peak_gib`; and the text `time/verdict`.

    Attributes:
        verdict: The last one, for the closing summary.
        logged: The last values, by tag.

    Args:
        inside_moe: Between two logs, profile a batch, and log how the MoE layers' time divides into routing, dispatch,
            experts and combination, as `time/moe/<stage>_share`, on the first rank. That step is not timed.
    """

    def __init__(self, inside_moe: bool = False) -> None:
        self.inside_moe = inside_moe
        self.undo, self.clock = ExitStack(), Clock(HostTime())
        self.verdict = ""
        self.logged: dict[str, float] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The clock; and the hook of gradient sync, which Lightning is about to register."""
        if stage == "fit":
            device = trainer.strategy.root_device
            self.clock = Clock(DeviceTime() if device.type == "cuda" else HostTime())
            self.peak = peak_flops(device, str(trainer.precision))
            self.inside = look_inside(trainer, pl_module) if self.inside_moe else None
            self.read, self.verdict, self.logged = 0, "", {}
            self.totals: dict[str, float] = defaultdict(float)
            self.undo.enter_context(marked_choice(trainer.strategy, self.clock))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Watch the loop, the layers and the other ranks."""
        self.first = self.step = trainer.global_step
        profiler = trainer.profiler  # type: ignore[attr-defined]
        self.undo.enter_context(watched_loop(profiler, self.clock))
        self.undo.enter_context(watched_moe_layers(pl_module, self.clock))
        self.undo.enter_context(watched_ranks(trainer.strategy, self.clock))
        if self.inside:
            self.undo.callback(self.inside.around.close)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int) -> None:
        """Look inside once for each log, when training has warmed up; on all ranks in the same step."""
        if self.inside and self.step - self.first >= WARM_UP and not self.inside.shares:
            self.clock.spoil()
            self.inside.start()

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        """Forward has ended."""
        self.clock.turn_to("backward")

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Backward has ended, and the wait for gradients."""
        self.clock.turn_to("other")

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """With the clipping that comes first."""
        self.clock.turn_to("optimizer")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """End the step, if the optimiser has made one; log on the steps on which Lightning does."""
        self.clock.carry("tokens", batch.num_tokens)
        if self.inside and self.inside.running:
            self.inside.stop()
        if trainer.global_step == self.step:
            return
        due = logs_now(trainer, self.step)
        self.step = trainer.global_step
        self.clock.close()
        self.take()
        if due:
            self.report(trainer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """No part of a step."""
        self.clock.begin(PAUSE)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Training goes on."""
        self.clock.end()

    def take(self) -> None:
        """Add up the steps that can be read."""
        for step in self.clock.ready():
            self.read += 1
            if self.read > WARM_UP:
                for name, value in {**step, "steps": 1}.items():
                    self.totals[name] += value

    def row(self, device: torch.device) -> Row:
        """This rank's means."""
        steps = self.totals["steps"]
        seconds = (self.totals[part] / max(steps, 1) for part in (*PARTS, "moe"))
        tokens = self.totals["tokens"] / max(steps, 1)
        return Row._make((steps, *(1000 * each for each in seconds), tokens, peak_memory(device)))

    def judge(self, trainer: Trainer) -> list[Row]:
        """What all ranks have measured since the last time; nothing, if a rank has no step yet."""
        row = torch.tensor(self.row(trainer.strategy.root_device), dtype=torch.float64)
        rows = [Row(*each) for each in gather_hosts(row).tolist()]
        if not all(each.steps for each in rows):
            return []
        self.totals.clear()
        self.verdict = verdict(rows)
        return rows

    def report(self, trainer: Trainer) -> None:
        """Log it."""
        if rows := self.judge(trainer):
            flops = float(trainer.callback_metrics.get("routing/flops_per_token", 0))
            self.logged = scalars(rows, flops, self.peak)
            if self.inside:
                self.logged |= self.inside.take()
            log(trainer, self.logged)
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_text("time/verdict", self.verdict, trainer.global_step - 1)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that has not logged gets its verdict all the same."""
        if not self.verdict:
            self.take()
            self.judge(trainer)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave everything as it was."""
        self.undo.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same."""
        self.undo.close()
