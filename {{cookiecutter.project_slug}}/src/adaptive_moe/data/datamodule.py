"""Text to batches, for training, validation, test and prediction."""

from pathlib import Path

import torch
from datasets.fingerprint import Hasher
from lightning.pytorch import LightningDataModule
from tokenizers import Tokenizer

from .batch import IGNORE, Batch, PackedRows
from .corpora import Corpus
from .loader import ResumableLoader
from .order import Order
from .tokenizer import END_OF_TEXT, SMALLEST_VOCABULARY, save_tokenizer, train_tokenizer
from .unigram import unigram_perplexity


class TextDataModule(LightningDataModule):
    """Packs the documents of a corpus into rows of equal length.

    Args:
        corpus: Where the text comes from.
        vocab_size: Tokens of the byte-pair vocabulary, which is learned from the training split.
        context_length: Tokens in a row: the longest text that the model sees at once.
        batch_size: Rows in a batch of one device.
        prompt: The text that `predict` continues.
        seed: Of the order of the training rows.
        cache_dir: Where the corpus and the vocabulary are kept.
    """

    def __init__(
        self,
        corpus: Corpus,
        vocab_size: int = 2048,
        context_length: int = 256,
        batch_size: int = 8,
        prompt: str = "Return the",
        seed: int = 0,
        cache_dir: str = "data",
    ) -> None:
        super().__init__()
        if vocab_size < SMALLEST_VOCABULARY:
            raise ValueError(f"vocab_size is {vocab_size}; bytes and end of text need at least {SMALLEST_VOCABULARY}")
        for name, value in (("context_length", context_length), ("batch_size", batch_size)):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        if not prompt.strip():
            raise ValueError("prompt is empty; give the text to continue, for example --data.prompt 'Return the'")
        self.corpus, self.vocab_size, self.context_length = corpus, vocab_size, context_length
        self.batch_size, self.prompt, self.seed, self.cache_dir = batch_size, prompt, seed, Path(cache_dir)

    def prepare_data(self) -> None:
        """Fill the cache; on one process of each machine."""
        texts = self.corpus.load(self.cache_dir)["train"]["text"][:]
        path = self.tokenizer_path(texts)
        if not path.exists():
            save_tokenizer(train_tokenizer(texts, self.vocab_size), path)

    def tokenizer_path(self, texts: list[str]) -> Path:
        """One file for each training split and vocabulary size."""
        return self.cache_dir / f"tokenizer-{Hasher.hash(texts)}-{self.vocab_size}.json"

    def setup(self, stage: str) -> None:
        """Read the cache; on every process."""
        texts = {name: split["text"][:] for name, split in self.corpus.load(self.cache_dir).items()}
        self.tokenizer = Tokenizer.from_file(str(self.tokenizer_path(texts["train"])))
        self.rows = {name: self.pack(texts[name]) for name in texts} if stage != "predict" else {}

    def pack(self, texts: list[str]) -> PackedRows:
        """Tokenise and lay end to end."""
        documents = (encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts))
        return PackedRows(documents, END_OF_TEXT, self.context_length)

    def order(self, split: str, shuffle: bool = False) -> Order:
        """This rank's batches of a split."""
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        return Order(
            len(self.rows[split]),
            self.batch_size,
            shuffle=shuffle,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
        )

    def train_dataloader(self) -> ResumableLoader:
        """A new order each epoch, and the rest of the epoch that a checkpoint was in."""
        return ResumableLoader(self.rows["train"], self.order("train", shuffle=True), self.batches_done)

    def batches_done(self) -> int:
        """Batches of the current epoch that the trainer has behind it."""
        return self.trainer.fit_loop.epoch_loop.batch_progress.current.ready if self.trainer else 0

    def val_dataloader(self) -> ResumableLoader:
        """Every row once."""
        return ResumableLoader(self.rows["validation"], self.order("validation"))

    def test_dataloader(self) -> ResumableLoader:
        """Every row once."""
        return ResumableLoader(self.rows["test"], self.order("test"))

    def predict_dataloader(self) -> ResumableLoader:
        """The prompt as one batch of one row; every rank has it."""
        ids = torch.tensor(self.tokenizer.encode(self.prompt).ids)
        prompt = Batch(ids, torch.full_like(ids, IGNORE), torch.zeros_like(ids))
        return ResumableLoader([prompt], Order(1, 1, shuffle=False))

    def decode(self, ids: list[int]) -> str:
        """Ids back to text."""
        return str(self.tokenizer.decode(ids))

    def facts(self) -> dict[str, str]:
        """What a reader of the results must know of the data, in words."""
        train, validation = self.rows["train"], self.rows["validation"]
        return {
            "data": f"{train.num_tokens:,} tokens to train on, {validation.num_tokens:,} to validate",
            "unigram perplexity": f"{unigram_perplexity(train.labels, validation.labels, self.vocab_size):.1f}",
        }
