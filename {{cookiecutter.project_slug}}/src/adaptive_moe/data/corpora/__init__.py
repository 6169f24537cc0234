"""Where texts come from: one file a task, each with a corpus that needs no network."""

from .corpus import Corpus as Corpus
from .corpus import Splits as Splits
from .dialogue import Doctests as Doctests
from .question_answering import Defaults as Defaults
from .sentiment import PackageDocs as PackageDocs
from .summarisation import FirstLines as FirstLines
from .text_completion import PythonDocs as PythonDocs
from .text_completion import Texts as Texts
from .text_completion import WikiText as WikiText
from .translation import Bytecode as Bytecode
