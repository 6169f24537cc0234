"""What a data module reads: rows, their vocabulary, their samples, and what is asked."""

from pathlib import Path
from typing import Any

from datasets import Dataset
from lightning.pytorch import LightningDataModule

from .arguments import refuse_empty, told_of_disks
from .corpora import Corpus
from .facts import facts
from .inputs import read_inputs
from .tokenising import LongTexts
from .tokenizer import learned_tokenizer, load_tokenizer


class CorpusDataModule(LightningDataModule):
    """A corpus, tokenised; which sample comes when is not known here.

    Args:
        corpus: Where the text comes from.
        tokenizer: A file, or the id of a model on the hub; None learns one from the training split.
        vocab_size: Of the one that is learned.
        context_length: The most tokens of a sample.
        long_texts: What is longer is `split` or `cut`.
        inputs: What `predict` is asked.
        cache_dir: Where all is kept.
    """

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: str | None,
        vocab_size: int,
        context_length: int,
        long_texts: LongTexts,
        inputs: str | None,
        cache_dir: str,
    ) -> None:
        super().__init__()
        if not cache_dir:
            raise ValueError("cache_dir is empty; name a folder, for example data")
        self.loaded_tokenizer = load_tokenizer(tokenizer) if tokenizer else None
        self.vocab_size = self.loaded_tokenizer.get_vocab_size() if self.loaded_tokenizer else vocab_size
        self.corpus, self.cache_dir = corpus, Path(cache_dir)
        self.num_classes = len(corpus.labels)
        self.context_length, self.long_texts = context_length, long_texts
        self.asked = read_inputs(inputs, corpus.tokenising) if inputs is not None else []

    def prepare_data(self) -> None:
        """Fill the cache; on one process of each machine."""
        with told_of_disks(self.cache_dir):
            self.read()

    def read(self) -> None:
        """Rows, vocabulary, and the samples of every split that is no stream."""
        form = self.corpus.tokenising
        self.rows = self.corpus.load(self.cache_dir)
        self.tokenizer = self.loaded_tokenizer or learned_tokenizer(
            self.rows["train"], form.texts, self.vocab_size, self.cache_dir
        )
        self.tokenising = form(self.tokenizer, self.context_length, self.long_texts)
        splits = {name: rows for name, rows in self.rows.items() if isinstance(rows, Dataset)}
        filled = {name: rows for name, rows in splits.items() if len(rows)}
        self.samples = {name: self.tokenising.map(rows, self.cache_dir) for name, rows in filled.items()}
        refuse_empty(splits, self.samples, form.unusable)

    def row(self, split: str, sample: int) -> dict[str, Any]:
        """What a sample was made of; `predict` is the split of what is asked."""
        if split == "predict":
            return self.asked[sample]
        number = self.samples[split].rows[sample]["row"][0].as_py()
        row: dict[str, Any] = self.rows[split][number]
        return row

    def decode(self, ids: list[int]) -> str:
        """Ids back to text."""
        return str(self.tokenizer.decode(ids))

    def facts(self) -> dict[str, str]:
        """What a reader of the results must know of the data, in words."""
        train = self.rows["train"]
        return facts(self.corpus, self.samples, len(train) if isinstance(train, Dataset) else 0, self.tokenising)
