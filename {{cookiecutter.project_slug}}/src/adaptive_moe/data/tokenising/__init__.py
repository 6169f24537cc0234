"""Rows of a corpus to samples: one class for each form that rows have."""

from .classified import Classified as Classified
from .pairs import Pairs as Pairs
from .running_text import RunningText as RunningText
from .spans import START as START
from .spans import STOP as STOP
from .spans import Spans as Spans
from .tokenising import LongTexts as LongTexts
from .tokenising import Sample as Sample
from .tokenising import Tokenising as Tokenising
from .turns import Turns as Turns
