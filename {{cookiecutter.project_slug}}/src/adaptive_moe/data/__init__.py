"""Text to batches: corpora give text, the tokenizer ids, the order rows, the loader batches."""

from .batch import IGNORE as IGNORE
from .batch import PADDING as PADDING
from .batch import Batch as Batch
from .corpora import Corpus as Corpus
from .corpora import PythonDocs as PythonDocs
from .datamodule import TextDataModule as TextDataModule
from .example import Example as Example
from .tokenizer import END_OF_TEXT as END_OF_TEXT
