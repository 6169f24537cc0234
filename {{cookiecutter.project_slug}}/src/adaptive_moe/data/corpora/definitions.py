"""Functions and classes of the standard library, with what their docstrings say first."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .python_docs import module_source, parsed

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SIGNATURE = re.compile(r"[\w.]+\(.*\)|.*(->|=>|>>>|::)")
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")


class Definition(NamedTuple):
    """Of a function, a method or a class: its module, its name there, and its syntax tree."""

    module: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

    @property
    def origin(self) -> str:
        """The top-level module."""
        return module_source(self.module.split(".")[0])

    @property
    def docstring(self) -> str:
        """Without its indentation; empty if there is none."""
        return ast.get_docstring(self.node) or ""


def read_definitions(root: Path) -> Iterator[Definition]:
    """All below `root`, file by file."""
    for parts, tree in parsed(root):
        yield from definitions(tree, dotted(parts))


def definitions(tree: ast.Module, module: str) -> Iterator[Definition]:
    """All in a tree, outer ones first: `Decoder`, `Decoder.decode`."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, name = waiting.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield Definition(module, name + node.name, node)
            name += f"{node.name}."
        inside = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
        waiting += [(child, name) for child in reversed(inside)]


def dotted(parts: tuple[str, ...]) -> str:
    """The name under which a file is imported."""
    return ".".join(part for part in parts if part != "__init__") or parts[-1]


def spoken(name: str) -> str:
    """`HTMLParser.feed_all2` is "html parser feed all 2"."""
    return " ".join(WORDS.findall(name)).lower()


def opening(docstring: str) -> tuple[str, str]:
    """The first sentence in one line, and the rest; no sentence is the head of `split(text) -> words`."""
    paragraph, _, rest = docstring.partition("\n\n")
    sentence, *more = SENTENCE_END.split(" ".join(paragraph.split()), maxsplit=1)
    prose = sentence.count(" ") >= 2 and len(sentence) <= 160 and sentence[0].isalpha()
    return sentence if prose and not SIGNATURE.match(sentence) else "", "\n\n".join([*more, rest]).strip()
