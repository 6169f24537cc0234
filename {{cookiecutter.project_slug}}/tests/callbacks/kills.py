"""A callback that ends its own process, or its rank's, at a moment drawn by chance."""

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer


class Kills(Callback):
    """By a signal, on one of the ranks or on all, so many seconds after training begins or after a checkpoint does;
    with a seed below 0, never."""

    def __init__(self, name: str, seed: int) -> None:
        chance = random.Random(seed)
        self.number, self.seed = signal.Signals[name], seed
        self.rank = chance.choice([0, 1, -1])  # -1 is all of them
        self.checkpoint = chance.randrange(1, 5) if chance.random() < 0.5 else 0  # which one, or none
        self.seconds = chance.uniform(0, 0.02 if self.checkpoint else 0.6)
        self.saved = 0

    def start(self, trainer: Trainer) -> None:
        if self.seed >= 0 and (self.rank in (-1, trainer.global_rank) or trainer.world_size == 1):
            threading.Thread(target=self.kill, args=(trainer,), daemon=True).start()

    def kill(self, trainer: Trainer) -> None:
        time.sleep(self.seconds)
        moment = f"checkpoint {self.checkpoint}" if self.checkpoint else "any"
        with Path("kills.txt").open("a") as lines:
            rank, step = trainer.global_rank, trainer.global_step
            lines.write(f"| {self.seed} | {self.number.name} | {rank} | {moment} | {step} |\n")
        os.kill(os.getpid(), self.number)

    def on_train_start(self, trainer: Trainer, *_: Any) -> None:
        if not self.checkpoint:
            self.start(trainer)

    def on_save_checkpoint(self, trainer: Trainer, *_: Any) -> None:
        self.saved += 1
        if self.saved == self.checkpoint:
            self.start(trainer)
