"""Where texts come from: one file a task, each with a corpus that needs no network."""

from .corpus import Corpus as Corpus
from .corpus import Splits as Splits
from .text_completion import PythonDocs as PythonDocs
from .texts import Texts as Texts
