"""Which tokens get two experts, looked at in validation."""

import warnings
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn

from ...atomic import replace
from ...data import Batch, TextDataModule
from ...moe import Gating, MarginGating, Routing
from ..counting import of_stack
from ..steering import routers_of
from .curves import show
from .page import page
from .routed import Routed, joined, routed
from .section import Section, samples_to_show
from .vocabulary import Vocabulary


class RoutingAnalysis(Callback):
    """Shows, for some of the tokens of a validation, who gets more than one expert, and what each expert takes.

    By layer, position, frequency, length and word, as in section 4 of the paper (Li et al., EMNLP 2023); texts with
    each token marked; the margins against the threshold. Encoder and decoder apart. In TensorBoard, and as
    `routing.html` in the run's folder, which each analysis replaces.

    Tags: `routing/analysis`, `routing/texts`, `routing/layer_<i>/margin`, `routing/layer_<i>/margin_histogram`.

    Args:
        max_tokens: The most tokens of each stack that are looked at, padding included, over all ranks: those of whole
            batches, spread over the validation.
        texts: Samples that are shown.
        every_n_validations: From one analysis to the next; the sanity check has none.
    """

    def __init__(self, max_tokens: int = 20_000, texts: int = 3, every_n_validations: int = 1) -> None:
        for name, value in (("max_tokens", max_tokens), ("every_n_validations", every_n_validations)):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        if texts < 0:
            raise ValueError(f"texts is {texts}; choose 0 (none) or more")
        self.max_tokens, self.texts, self.every_n_validations = max_tokens, texts, every_n_validations
        self.validations, self.warned = 0, False
        self.gating: Gating | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the policy, which all layers share."""
        routers = routers_of(pl_module)
        self.gating = routers[0].gating if routers else None

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Where it is in `every_n_validations`; no state of its own, as in `LastCheckpoint`."""
        checkpoint["validations"] = self.validations

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Of the run that goes on."""
        self.validations = checkpoint.get("validations", 0)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew, if this one is to be looked at."""
        self.kept: dict[str, list[Routed]] = {}
        self.layers: dict[str, list[str]] = {}
        self.room = 0
        quiet = trainer.sanity_checking or trainer.fast_dev_run  # type: ignore[attr-defined]
        if self.gating and trainer.state.fn == TrainerFn.FITTING and not quiet:
            self.validations += 1
            if self.validations % self.every_n_validations == 0:
                self.room = -(-self.max_tokens // trainer.world_size)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep it, if fewer tokens are kept than so far in the validation are due; of the first loader alone."""
        if self.room and self.gating and dataloader_idx == 0:
            routings: dict[str, Routing] = outputs["routings"] if outputs else {}  # a task of one's own may give none
            batches = trainer.num_val_batches[0]
            due = self.room * (1 if batches == float("inf") else (batch_idx + 1) / batches)
            turn = batch_idx * trainer.world_size + trainer.global_rank
            for stack in batch.stacks:
                kept = self.kept.setdefault(stack, [])
                tokens = sum(len(part.ids) for part in kept)
                layers = of_stack(routings, stack)
                if layers and tokens < due:
                    self.layers[stack] = list(layers)
                    part = routed(batch, stack, list(layers.values()), self.gating, turn)
                    kept.append(part.first(self.room - tokens))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Bring the ranks' tokens together; the first rank writes."""
        if self.layers:
            place = (trainer.global_rank, trainer.world_size)
            stacks = {stack: joined(self.kept[stack]).over_ranks(*place).real() for stack in self.layers}
            folder = Path(trainer.log_dir or trainer.default_root_dir)  # asked on all ranks: Lightning broadcasts it
            if trainer.is_global_zero:
                self.write(trainer, folder, self.sections(stacks, vocabulary_of(trainer)))
        self.kept = {}

    def sections(self, stacks: dict[str, Routed], vocabulary: Vocabulary) -> list[Section]:
        """What there is to show of each stack with tokens."""
        threshold = float(self.gating.threshold) if isinstance(self.gating, MarginGating) else None
        filled = {stack: tokens for stack, tokens in stacks.items() if len(tokens.ids)}
        samples = samples_to_show([tokens.samples for tokens in filled.values()], self.texts)
        return [
            Section.of(tokens, self.layers[stack], samples, vocabulary, threshold) for stack, tokens in filled.items()
        ]

    def write(self, trainer: Trainer, folder: Path, sections: list[Section]) -> None:
        """To the run's folder and to TensorBoard; training goes on where that is not possible."""
        try:
            title = f"Routing after {trainer.global_step:,} steps"
            replace(folder / "routing.html", page(title, type(self.gating).__name__, sections))
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    show(logger.experiment, sections, trainer.global_step)
        except OSError as error:
            if not self.warned:
                self.warned = True
                warnings.warn(
                    f"{folder} takes no routing.html ({error.strerror or error}); training goes on without: "
                    "make room there, or choose another --trainer.logger.save_dir",
                    stacklevel=2,
                )


def vocabulary_of(trainer: Trainer) -> Vocabulary:
    """The data module's; loaders of one's own have ids alone."""
    data = getattr(trainer, "datamodule", None)
    if isinstance(data, TextDataModule):
        return Vocabulary(data.decode, lambda number: str(data.tokenizer.id_to_token(number)))
    return Vocabulary(lambda ids: "".join(f" {number}" for number in ids), str)
