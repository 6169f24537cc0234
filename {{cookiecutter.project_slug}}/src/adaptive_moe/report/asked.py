"""What a comparison is asked to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cli import CLI
from ..errors import RunError
from .schemes import CONFIGS, Scheme

Main = Callable[[list[str]], CLI]
OURS = ("--seed_everything", "--data.seed", "--ckpt_path", "--trainer.logger")
TASKS = sorted(path.stem for path in (CONFIGS / "tasks").glob("*.yaml"))


@dataclass(frozen=True)
class Asked:
    """Schemes, seeds, and what all runs share.

    Args:
        main: `train.py`'s.
        program: Its file.
        task: One of those below `configs/tasks`.
        schemes: By name.
        seeds: How many, from 0.
        target: The part of the reference's steps after which its quality is what all have to reach.
        options: For `train.py fit`, of every run.
        folder: Where all of it goes.
    """

    main: Main
    program: Path
    task: str
    schemes: dict[str, Scheme]
    seeds: int
    target: float
    options: list[str]
    folder: Path

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise RunError(f"task is {self.task}, and configs/tasks has no such file; choose from {', '.join(TASKS)}")
        if self.seeds < 1:
            raise RunError(f"seeds is {self.seeds}; choose 1 or more: an interval takes 3, and says little below 5")
        if not 0 < self.target <= 1:
            raise RunError(f"target is {self.target}; it is a part of the steps: choose more than 0, and 1 at most")
        for option in self.options:
            if any(f"{option.split('=')[0]}.".startswith(f"{each}.") for each in OURS):
                raise RunError(f"{option} is what the comparison sets for each run; leave it out")

    def runs(self) -> Iterator[tuple[str, int]]:
        """Scheme and seed: seed by seed, forth and back, so that a machine that drifts favours no scheme.

        Those that need the adaptive run come last; on the way back they are first, behind that run.
        """
        forth = sorted(self.schemes, key=lambda name: self.schemes[name].needs_adaptive)
        back = sorted(forth, key=lambda name: (name == "adaptive", forth.index(name)), reverse=True)
        for seed in range(self.seeds):
            yield from ((name, seed) for name in (back if seed % 2 else forth))

    def arguments(self, name: str, experts_per_token: float) -> list[str]:
        """Of a scheme's runs; what the scheme says comes last, and wins."""
        task = f"--config={CONFIGS}/tasks/{self.task}.yaml"
        return [task, *self.options, *self.schemes[name].filled(experts_per_token)]


def short(options: list[str]) -> list[str]:
    """As one writes them in the project's folder: that is elsewhere on another machine."""
    return [option.replace(f"{CONFIGS.parent}/", "") for option in options]
