"""Corpora for question answering: the answer is a part of the context."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..tokenising import Spans
from .definitions import FUNCTIONS, Definition, opening, read_definitions
from .files import Files
from .offline import Offline, Row
from .python_docs import standard_library

LONGEST_CONTEXT = 400
LONGEST_SIGNATURE = 240
RAISES = re.compile(r"\b[Rr]aises?\b(?: an?)? [`']*([A-Z]\w*(?:Error|Exception|Interrupt))\b")


class Defaults(Offline):
    """What is the default of a parameter, and which exception is raised? Answers are parts of the context.

    The context is a function's signature, with the first sentence of its docstring, or for an exception with the
    beginning of it. Names stand in the question as they do in the signature, behind a space and without quotes: they
    are the same tokens.
    """

    tokenising = Spans

    def rows(self) -> Iterator[Row]:
        """`question`, `context`, `answers` (one), `starts` (where it begins in the context) and `origin`."""
        yield from read_questions(standard_library())


def read_questions(root: Path) -> Iterator[Row]:
    """About the functions below `root`; of those with the same context, about the first."""
    seen: set[str] = set()
    for definition in read_definitions(root):
        rows = [row for row in questions(definition) if row["context"] not in seen]
        seen.update(row["context"] for row in rows)
        yield from rows


def questions(definition: Definition) -> Iterator[Row]:
    """About one function; none about a class."""
    if not isinstance(definition.node, FUNCTIONS):
        return
    signature, defaults = signed(definition.node)
    if len(signature) > LONGEST_SIGNATURE:
        return
    name, (sentence, _) = definition.name, opening(definition.docstring)
    context = f"{signature}\n{sentence}".strip()
    for parameter, default, start in defaults:
        yield row(definition, f"What is the default of {parameter} in {name}?", context, default, start)
    context = cut(f"{signature}\n{definition.docstring}".strip())
    raised = {match[1]: match.start(1) for match in RAISES.finditer(context, len(signature))}
    if len(raised) == 1:
        ((answer, start),) = raised.items()
        yield row(definition, f"Which exception does {name} raise?", context, answer, start)


def row(definition: Definition, question: str, context: str, answer: str, start: int) -> Row:
    """With the span in one piece."""
    assert context.startswith(answer, start), (context, answer)
    return {
        "question": question,
        "context": context,
        "answers": [answer],
        "starts": [start],
        "origin": definition.origin,
    }


def signed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, list[tuple[str, str, int]]]:
    """`def f(a, b=5):`, and of each parameter with a default its name, the default, and where that begins."""
    text = f"def {node.name}("
    defaults = []
    for i, (parameter, default) in enumerate(parameters(node.args)):
        text += ", " * (i > 0) + parameter
        if default:
            value = ast.unparse(default)
            text += " = " if ":" in parameter else "="
            defaults.append((parameter.split(":")[0], value, len(text)))
            text += value
    return f"{text}):", defaults


def parameters(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Each as it is written, with its default; `/` and `*` are parameters here."""
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for i, each in enumerate(positional):
        yield ast.unparse(each), arguments.defaults[i - without] if i >= without else None
        if i + 1 == len(arguments.posonlyargs):
            yield "/", None
    if arguments.vararg or arguments.kwonlyargs:
        yield "*" + (ast.unparse(arguments.vararg) if arguments.vararg else ""), None
    yield from ((ast.unparse(k), d) for k, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    if arguments.kwarg:
        yield "**" + ast.unparse(arguments.kwarg), None


def cut(text: str) -> str:
    """Not longer than a context may be, and at the end of a word."""
    return text if len(text) <= LONGEST_CONTEXT else text[:LONGEST_CONTEXT].rsplit(maxsplit=1)[0]


class Questions(Files):
    """Columns of questions, of contexts, of lists of answers, and of where in the context each answer begins.

    Args:
        path: Files, a folder, or the id of a dataset.
        question: The column that holds the question.
        context: The column that holds the text with the answer.
        answers: The column that holds all that is right; the first is learnt.
        starts: The column that holds their places in the context, in characters from 0; `a.b` is b in the column a.
    """

    tokenising = Spans

    def __init__(
        self,
        path: str,
        question: str = "question",
        context: str = "context",
        answers: str = "answers",
        starts: str = "starts",
        **options: Any,
    ) -> None:
        columns = {"question": question, "context": context, "answers": answers, "starts": starts}
        super().__init__(columns, path, **options)


class SQuAD(Questions):
    """Questions about Wikipedia, version 1.1, as in the paper: rajpurkar/squad on the hub."""

    def __init__(
        self,
        path: str = "rajpurkar/squad",
        answers: str = "answers.text",
        starts: str = "answers.answer_start",
        **options: Any,
    ) -> None:
        super().__init__(path, answers=answers, starts=starts, **options)
