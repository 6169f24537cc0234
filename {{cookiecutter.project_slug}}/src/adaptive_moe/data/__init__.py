"""Text to batches: corpora give text, the tokenizer ids, the curriculum an order, the loader batches."""

from .batch import IGNORE as IGNORE
from .batch import PADDING as PADDING
from .batch import Batch as Batch
from .corpora import Corpus as Corpus
from .corpora import PythonDocs as PythonDocs
from .corpora import Texts as Texts
from .datamodule import TextDataModule as TextDataModule
from .difficulty import Difficulty as Difficulty
from .difficulty_source import DifficultySource as DifficultySource
from .example import Example as Example
from .orders import Complexity as Complexity
from .orders import LengthBucketed as LengthBucketed
from .orders import Order as Order
from .orders import Random as Random
from .samples import Samples as Samples
from .tokenizer import end_of_text as end_of_text
from .tokenizer import save_tokenizer as save_tokenizer
from .windows import Slice as Slice
