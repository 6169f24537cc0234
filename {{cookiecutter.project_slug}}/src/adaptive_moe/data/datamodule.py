"""Text to batches, for training, validation, test and prediction."""

from typing import Any

import torch
from datasets.fingerprint import Hasher
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from ..errors import RunError
from .arguments import check_sizes, check_whole, check_window
from .batch import Batch
from .batching import batching
from .corpora import Corpus
from .corpus_datamodule import CorpusDataModule
from .curriculum import Curriculum
from .difficulty_source import check_trainer
from .facts import epoch_of
from .inputs import prompts
from .loader import PlanLoader
from .orders import Order
from .plan import Plan
from .tokenising import LongTexts
from .windows import Chosen, windows_of


class TextDataModule(CorpusDataModule):
    """Tokenises a corpus and makes batches of it, in the order that is asked for.

    A sample is a row of the corpus (a text, a pair, a dialogue) or, where a text is split, a chunk of it.

    Args:
        corpus: Where the text comes from.
        order: Which training sample comes when.
        tokenizer: A file of the `tokenizers` library, or the id of a model on the hub; None learns one
            from the training split.
        vocab_size: Tokens of the byte-pair vocabulary that is learned; one that is loaded has its own size.
        context_length: The most tokens of a sample: the longest text that the model sees at once.
        long_texts: What is longer is `split` into several samples, or `cut`.
        packing: Lay samples end to end in rows of `context_length`; otherwise each has a row, padded.
        batch_size: The most rows in a batch of one device; None if the budget alone decides.
        token_budget: The most tokens in a batch of one device, padding included; None if the rows alone decide.
        window: How many samples (of a stream: texts) an epoch takes and orders; None takes all.
        num_workers: Processes that read ahead.
        inputs: What `predict` is asked: a text, a JSON object, or a .txt or .jsonl file with one in each line.
        seed: Of the order.
        cache_dir: Where the corpus, the vocabulary and the tokens are kept.
    """

    def __init__(
        self,
        corpus: Corpus,
        order: Order,
        tokenizer: str | None = None,
        vocab_size: int = 2048,
        context_length: int = 256,
        long_texts: LongTexts = "split",
        packing: bool = True,
        batch_size: int | None = 8,
        token_budget: int | None = None,
        window: int | None = None,
        num_workers: int = 0,
        inputs: str | None = None,
        seed: int = 0,
        cache_dir: str = "data",
    ) -> None:
        check_sizes(vocab_size, context_length=context_length, batch_size=batch_size, window=window)
        if num_workers < 0:
            raise ValueError(f"num_workers is {num_workers}; choose 0 (read in the training process) or more")
        check_whole(corpus.tokenising, packing, long_texts)
        check_window(window, corpus, order)
        super().__init__(corpus, tokenizer, vocab_size, context_length, long_texts, inputs, cache_dir)
        self.order, self.window, self.num_workers, self.seed = order, window, num_workers, seed
        self.batching = batching(context_length, packing, batch_size, token_budget)
        self.curriculum: Curriculum | None = None

    def check(self, trainer: Trainer) -> None:
        """Refuse settings of the trainer that would undo the order; before any work is done."""
        check_trainer(trainer, self.order, self.window)

    def setup(self, stage: str) -> None:
        """Read the cache; on every process."""
        if stage == "fit" and self.trainer:
            self.check(self.trainer)
        self.read()
        if stage == "fit":
            source = self.samples.get("train", self.rows["train"])
            windows = windows_of(source, self.window, self.seed, self.tokenising)
            self.curriculum = Curriculum(windows, self.order, self.batching, self.seed)

    def train_dataloader(self) -> PlanLoader:
        """The batches of the trainer's epoch, or the rest of them where a checkpoint lies in it."""
        assert self.curriculum
        number = self.trainer.current_epoch if self.trainer else 0
        if self.trainer and self.trainer.overfit_batches:  # type: ignore[attr-defined]
            number = 0  # the same batches every time
        epoch = self.curriculum.plan(number)
        loader = self.loader(*epoch)
        if self.trainer and self.curriculum.entered:
            # A checkpoint of an epoch's last batch: Lightning measures that epoch by the length of the next one.
            progress = self.trainer.fit_loop.epoch_loop.batch_progress
            progress.current.completed = max(progress.current.completed, len(loader))
        return loader

    def val_dataloader(self) -> PlanLoader:
        """Every sample once."""
        return self.in_turn(self.samples["validation"])

    def test_dataloader(self) -> PlanLoader:
        """Every sample once."""
        return self.in_turn(self.samples["test"])

    def in_turn(self, samples: Chosen) -> PlanLoader:
        """The batches of samples that keep their order."""
        numbers = torch.arange(len(samples))
        return self.loader(samples, Plan(numbers, samples.lengths, self.batching.cuts(samples.lengths)))

    def loader(self, samples: Chosen, plan: Plan, done: int = 0) -> PlanLoader:
        """This rank's batches."""
        return PlanLoader(samples, plan, self.batching, *self.place(), workers=self.num_workers, done=done)

    def place(self) -> tuple[int, int]:
        """Rank and number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """What is asked, in its order; every rank has all of it."""
        batches = prompts(self.asked, self.tokenising, self.batching.rows or 1)
        return DataLoader(batches, batch_size=None)  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, Any]:
        """Where the epoch is, and what is known of the samples; asked of all ranks together."""
        state: dict[str, Any] = {"vocabulary": Hasher.hash(self.tokenizer.to_str())}
        if self.curriculum and self.trainer and self.curriculum.epoch >= 0:
            done = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
            state |= {
                "world_size": self.trainer.world_size,
                "epoch_of": self.epoch_of(),
                "curriculum": self.curriculum.state_dict(done, self.trainer.world_size),
            }
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the checkpoint is, with any number of processes.

        Raises:
            RunError: It was trained with another vocabulary, or on other samples.
        """
        if state["vocabulary"] != Hasher.hash(self.tokenizer.to_str()):
            raise RunError(
                "the checkpoint was trained with another vocabulary; "
                "give its own: --data.tokenizer <its run>/tokenizer.json"
            )
        if self.curriculum and "curriculum" in state:
            if state["epoch_of"] != self.epoch_of():
                raise RunError(
                    f"the checkpoint lies in an epoch of {state['epoch_of']}, and here it would be "
                    f"{self.epoch_of()}; leave out what changes data or order"
                )
            rank, world_size = self.place()
            self.curriculum.load_state_dict(state["curriculum"], rank)
            if world_size != state["world_size"] and rank == 0:
                print(
                    f"The checkpoint's world size is {state['world_size']}, and this run's {world_size}: "
                    f"epoch {self.curriculum.epoch} goes on behind the samples that are done.",
                    flush=True,
                )

    def epoch_of(self) -> str:
        """What the places in checkpoints belong to."""
        train, packing = self.samples.get("train"), self.batching.length is not None
        return epoch_of(train, self.tokenising, packing, self.window, self.seed, self.order)
