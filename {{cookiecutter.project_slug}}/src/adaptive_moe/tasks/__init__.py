"""Hidden states to loss and metric: one LightningModule a task."""

from .dialogue import Dialogue as Dialogue
from .question_answering import QuestionAnswering as QuestionAnswering
from .sentiment import Sentiment as Sentiment
from .summarisation import Summarisation as Summarisation
from .task import Task as Task
from .text_completion import TextCompletion as TextCompletion
from .translation import Translation as Translation
