"""Corpora for translation: a source and a target."""

import ast
import dis
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from ..tokenising import Pairs
from .files import Files
from .offline import Offline, Row, unique
from .python_docs import module_source, parsed, standard_library

LENGTHS = range(8, 49)
MOST_INSTRUCTIONS = 12
LONGEST_CONSTANT = 16
KINDS = (
    ast.Attribute,
    ast.BinOp,
    ast.BoolOp,
    ast.Call,
    ast.Compare,
    ast.Dict,
    ast.IfExp,
    ast.List,
    ast.Set,
    ast.Subscript,
    ast.Tuple,
    ast.UnaryOp,
)
LEFT_OUT = {ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr, ast.keyword}
SILENT = {"RESUME", "CACHE", "NOT_TAKEN"}
JUMPS = {*dis.hasjrel, *dis.hasjabs}


class Bytecode(Offline):
    """What does Python compile an expression to? `not a.b` is `LOAD_NAME a; LOAD_ATTR b; UNARY_NOT; RETURN_VALUE`.

    The expressions are from the standard library, and none of them is run. Instructions differ from one version of
    Python to the next, and the targets with them.
    """

    tokenising = Pairs

    def rows(self) -> Iterator[Row]:
        """`source`, `target` and `origin`; an expression is in the first module that has it."""
        yield from unique(read_pairs(standard_library()), "source")


def read_pairs(root: Path) -> Iterator[Row]:
    """Of all files below `root`; an expression comes as often as it stands there."""
    for parts, tree in parsed(root):
        for expression in dict.fromkeys(expressions(tree)):
            if instructions := listing(expression):
                yield {"source": expression, "target": "; ".join(instructions), "origin": module_source(parts[0])}


def expressions(tree: ast.Module) -> Iterator[str]:
    """The short and plain ones of a tree, those inside others too, as Python would write them.

    They have a name, or they would be one constant, and nothing that makes code of its own.
    """
    for node in ast.walk(tree):
        if isinstance(node, KINDS) and node.lineno == node.end_lineno:
            inside = {type(each) for each in ast.walk(node)}
            if ast.Name in inside and inside.isdisjoint(LEFT_OUT):
                text = ast.unparse(node)
                if len(text) in LENGTHS and text.isascii():
                    yield text


def listing(expression: str) -> list[str]:
    """The instructions; none if it is no expression on its own, as `await x`, or has too much to write out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # `x is 1`
        try:
            code = compile(expression, "", "eval")
        except SyntaxError:
            return []
    long = any(len(repr(constant)) > LONGEST_CONSTANT for constant in code.co_consts)
    shown = [] if long else list(instructions(code))
    return shown if len(shown) <= MOST_INSTRUCTIONS else []


def instructions(code: CodeType) -> Iterator[str]:
    """Each with its operand, as `dis` shows it, or its number; a jump, with how many of the next ones it goes over."""
    shown = [each for each in dis.get_instructions(code) if each.opname not in SILENT]
    for i, each in enumerate(shown, start=1):
        if each.opcode in JUMPS:
            yield f"{each.opname} over {sum(other.offset < each.argval for other in shown[i:])}"
        elif each.arg is None:
            yield each.opname
        else:
            yield f"{each.opname} {each.argrepr or each.arg}"


class TextPairs(Files):
    """A column of sources and one of targets.

    Args:
        path: Files, a folder, or the id of a dataset.
        source: The column that holds what is read; `a.b` is b in the column a.
        target: The column that holds what is written.
    """

    tokenising = Pairs

    def __init__(self, path: str, source: str = "source", target: str = "target", **options: Any) -> None:
        super().__init__({"source": source, "target": target}, path, **options)


class WMT19(TextPairs):
    """German to English, news of the WMT 2019, as in the paper: wmt/wmt19 on the hub."""

    def __init__(
        self,
        path: str = "wmt/wmt19",
        source: str = "translation.de",
        target: str = "translation.en",
        name: str | None = "de-en",
        **options: Any,
    ) -> None:
        super().__init__(path, source, target, name=name, **options)
