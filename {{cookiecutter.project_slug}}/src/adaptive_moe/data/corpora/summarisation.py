"""Corpora for summarisation: a long source and a short target."""

import ast
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

from ..tokenising import Pairs
from .definitions import FUNCTIONS, Definition, opening, read_definitions, spoken
from .offline import Offline, Row, unique
from .python_docs import standard_library
from .translation import TextPairs

SHORTEST, LONGEST = 40, 400


class FirstLines(Offline):
    """What does a function do? The source is its name in words, and code and docstring but for the target, a sentence.

    Prose alone, the rest of a docstring, would be half as many pairs. The words of a name stand in front as they would
    stand in a sentence, since `get_close_matches` and "get close matches" have no token in common.
    """

    tokenising = Pairs

    def rows(self) -> Iterator[Row]:
        """`source`, `target` and `origin`."""
        yield from unique(read_summaries(standard_library()), "source")


def read_summaries(root: Path) -> Iterator[Row]:
    """Of all functions below `root` that have a docstring."""
    for definition in read_definitions(root):
        yield from summaries(definition)


def summaries(definition: Definition) -> Iterator[Row]:
    """Of one function; none if its docstring begins with no sentence, or if nothing much is left without it."""
    sentence, rest = opening(definition.docstring)
    if sentence and isinstance(definition.node, FUNCTIONS):
        source = without_docstring(definition.node, rest)
        if len(source) >= SHORTEST and sentence not in source:
            source = f"{spoken(definition.name)}\n{source}"
            yield {"source": source[:LONGEST], "target": sentence, "origin": definition.origin}


def without_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef, rest: str) -> str:
    """The function with the rest of its docstring alone, in one line."""
    function = copy(node)
    remaining = [ast.Expr(ast.Constant(" ".join(rest.split())))] if rest else []
    function.body = [*remaining, *node.body[1:]] or [ast.Pass()]
    return ast.unparse(function)


class CNNDailyMail(TextPairs):
    """News and what stands beside them in short, as in the paper: abisee/cnn_dailymail on the hub."""

    def __init__(
        self,
        path: str = "abisee/cnn_dailymail",
        source: str = "article",
        target: str = "highlights",
        name: str | None = "3.0.0",
        **options: Any,
    ) -> None:
        super().__init__(path, source, target, name=name, **options)
