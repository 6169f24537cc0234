"""Where rows come from: one file a task, each with a corpus that needs no network and one for data of one's own."""

from .corpus import Corpus as Corpus
from .corpus import Splits as Splits
from .dialogue import SODA as SODA
from .dialogue import Dialogues as Dialogues
from .dialogue import Doctests as Doctests
from .question_answering import Defaults as Defaults
from .question_answering import Questions as Questions
from .question_answering import SQuAD as SQuAD
from .sentiment import SST2 as SST2
from .sentiment import LabelledTexts as LabelledTexts
from .sentiment import PackageDocs as PackageDocs
from .summarisation import CNNDailyMail as CNNDailyMail
from .summarisation import FirstLines as FirstLines
from .text_completion import PythonDocs as PythonDocs
from .text_completion import Texts as Texts
from .text_completion import WikiText as WikiText
from .translation import WMT19 as WMT19
from .translation import Bytecode as Bytecode
from .translation import TextPairs as TextPairs
