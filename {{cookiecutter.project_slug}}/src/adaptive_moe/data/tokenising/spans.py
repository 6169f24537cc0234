"""Questions whose answer is a span of a context."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tokenizers import Encoding

from ..batch import IGNORE
from .tokenising import Rows, Sample, Tokenising

START, STOP = 1, 2
"""Of a label: this token begins the answer, ends it, or both."""


class Spans(Tokenising):
    """A sample is the end-of-text token, the question, that token again, and the beginning of the context.

    Tokens of the context have labels: where the answer begins, where it ends, or 0. An answer that lies behind what
    fits has no such token.
    """

    columns: ClassVar[dict[str, str]] = {
        "question": "text",
        "context": "text",
        "answers": "lists of text",
        "starts": "lists of numbers",
    }
    unusable = "without an answer, or with one that is not in the context"
    inputs = ("question", "context")
    parts = ("labels",)

    def samples(self, rows: Rows) -> Iterator[Sample]:
        """One for each question whose answer is in its context where the row says."""
        contexts = self.tokenizer.encode_batch([text or "" for text in rows["context"]], add_special_tokens=False)
        questions = self.ids(rows["question"])
        for row, (question, context) in enumerate(zip(questions, contexts, strict=True)):
            text, answers, starts = rows["context"][row] or "", rows["answers"][row], rows["starts"][row]
            if answers and starts and answers[0].strip() and text[starts[0] :].startswith(answers[0]):
                yield self.sample(row, question, context, starts[0], starts[0] + len(answers[0]))

    def sample(self, row: int, question: list[int], context: Encoding, start: int, stop: int) -> Sample:
        """What fits; `start` and `stop` count characters."""
        before = [self.end_of_text, *question, self.end_of_text]
        marks = [0] * len(context.ids)
        covered = [number for number, (begin, end) in enumerate(context.offsets) if end > start and begin < stop]
        if covered:
            marks[covered[0]] += START
            marks[covered[-1]] += STOP
        ids, labels = [*before, *context.ids], [*[IGNORE] * len(before), *marks]
        return Sample(row, ids[: self.length], len(ids), labels[: self.length])

    def beginning(self, row: Mapping[str, Any]) -> Sample:
        """Question and context, without a mark."""
        (question,) = self.ids([row["question"]])
        context = self.tokenizer.encode(row["context"], add_special_tokens=False)
        return self.sample(0, question, context, 0, 0)
