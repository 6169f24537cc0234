"""Corpora for dialogue: turns of one who asks and one who replies."""

import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..tokenising import Turns
from .definitions import Definition, definitions, dotted, opening, spoken
from .files import Files
from .offline import Offline, Row, unique
from .python_docs import docstrings, module_source, parsed, standard_library

MOST_TURNS = 16
PARSER = doctest.DocTestParser()


class Doctests(Offline):
    """Sessions with Python, and what functions and classes are for: code and its output, question and answer.

    The sessions of the docstrings have up to eight exchanges that depend on each other; the questions have one or two.
    """

    tokenising = Turns

    def rows(self) -> Iterator[Row]:
        """`turns`, an even number of texts, and `origin`."""
        yield from unique(read_dialogues(standard_library()), "turns")


def read_dialogues(root: Path) -> Iterator[Row]:
    """Of each file below `root`, all sessions, then all questions."""
    for parts, tree in parsed(root):
        sessions = (session(docstring) for docstring in docstrings(tree))
        questions = (exchange(definition) for definition in definitions(tree, dotted(parts)))
        for turns in filter(None, (*sessions, *questions)):
            yield {"turns": turns, "origin": module_source(parts[0])}


def session(docstring: str) -> list[str]:
    """Code and output in turns; code that puts nothing out goes with what follows."""
    try:
        examples = PARSER.get_examples(docstring)
    except ValueError:  # no valid doctest
        return []
    turns: list[str] = []
    code = ""
    for example in examples:
        code += example.source
        if example.want:
            turns += [code.strip(), example.want.strip()]
            code = ""
    return [] if any("0x" in turn for turn in turns[1::2]) else turns[:MOST_TURNS]


def exchange(definition: Definition) -> list[str]:
    """A question about what has a docstring, with its name in words; its first sentence, and when asked, more prose."""
    sentence, rest = opening(definition.docstring.partition(">>>")[0])
    turns = [f"What does {spoken(definition.name)} of {definition.module} do?", sentence] if sentence else []
    return [*turns, "Go on.", rest] if turns and rest else turns


class Dialogues(Files):
    """A column of dialogues, which are lists of texts: every second is a reply.

    Args:
        path: Files, a folder, or the id of a dataset.
        turns: The column that holds them.
    """

    tokenising = Turns

    def __init__(self, path: str, turns: str = "turns", **options: Any) -> None:
        super().__init__({"turns": turns}, path, **options)


class SODA(Dialogues):
    """Dialogues of everyday life, as in the paper: allenai/soda on the hub."""

    def __init__(self, path: str = "allenai/soda", turns: str = "dialogue", **options: Any) -> None:
        super().__init__(path, turns, **options)
