"""Hidden states to loss and metric: one LightningModule a task."""

from .task import Task as Task
from .text_completion import TextCompletion as TextCompletion
