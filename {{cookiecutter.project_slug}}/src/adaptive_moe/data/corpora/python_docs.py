"""English prose from the running Python: reference topics, docstrings, documentation of C modules.

It is on every machine, is read at run time, and nothing of it is redistributed. Python source is
parsed, never imported, because importing some modules acts; only modules compiled from C are
imported, because their documentation exists nowhere else.
"""

import ast
import importlib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from pydoc_data.topics import topics
from types import ModuleType

from ..example import Example

NOT_PROSE = {"test", "tests", "idlelib", "lib2to3", "pydoc_data", "site-packages", "tkinter", "turtledemo"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NOT_FOR_USERS = ("__", "_test", "_xx", "xx", "_tkinter")


def read_documents() -> Iterator[Example]:
    """Every document once, paragraph by paragraph: what was seen before is left out."""
    seen: set[str] = set()
    for document in (*read_topics(), *read_docstrings(standard_library()), *read_compiled_modules()):
        paragraphs = [p.strip("\n") for p in document.text.split("\n\n")]
        new = [p for p in dict.fromkeys(paragraphs) if p.strip() and p.strip() not in seen]
        seen.update(p.strip() for p in new)
        if new:
            yield document._replace(text="\n\n".join(new))


def read_topics() -> Iterator[Example]:
    """The language reference as `help()` shows it; a topic is its own source."""
    for name in sorted(topics):
        yield Example(topics[name], f"topic {name}")


def standard_library() -> Path:
    """The folder that holds the standard library's Python sources."""
    return Path(sysconfig.get_path("stdlib"))


def read_docstrings(root: Path) -> Iterator[Example]:
    """Docstrings of the modules, classes and functions below `root`; the source is the top-level module."""
    for parts, tree in parsed(root):
        yield from (Example(text, module_source(parts[0])) for text in docstrings(tree))


def parsed(root: Path) -> Iterator[tuple[tuple[str, ...], ast.Module]]:
    """The syntax tree of each Python file below `root`, with the file's name: `("json", "decoder")`."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if NOT_PROSE.isdisjoint(parts) and (tree := syntax_tree(path)):
            yield parts, tree


def syntax_tree(path: Path) -> ast.Module | None:
    """Of one file; nothing of templates and of deliberately broken files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (SyntaxWarning, DeprecationWarning))  # invalid escapes in old sources
        try:
            return ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            return None


def docstrings(tree: ast.Module) -> Iterator[str]:
    """The docstrings of one Python file, in the order of its syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield text


def read_compiled_modules() -> Iterator[Example]:
    """Documentation of the built-in and extension modules, of their functions, classes and methods."""
    for name in compiled_module_names():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # audioop, nis and others warn when imported
            try:
                module = importlib.import_module(name)
            except ImportError:  # built against a library that this machine lacks
                continue
        yield from (Example(text, module_source(name)) for text in compiled_docs(module))


def compiled_module_names() -> list[str]:
    """The standard library's modules that are compiled from C, found without importing any."""
    names = (name for name in sorted(sys.stdlib_module_names) if not name.startswith(NOT_FOR_USERS))
    return [name for name in names if is_compiled(importlib.util.find_spec(name))]


def is_compiled(spec: ModuleSpec | None) -> bool:
    """Whether a module is built into the interpreter or is an extension."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    return spec is not None and str(spec.origin).endswith(("built-in", *suffixes))


def compiled_docs(module: ModuleType) -> Iterator[str]:
    """The documentation of a module and its members; instances are left out: they inherit their class's."""
    yield from doc_of(module)
    for member in members(module):
        yield from doc_of(member)
        if inspect.isclass(member):
            for method in members(member):
                yield from doc_of(method)


def members(owner: object) -> Iterator[object]:
    """Classes, functions and descriptors of a module or class, by name."""
    for _, member in sorted(vars(owner).items()):
        if inspect.isclass(member) or inspect.isroutine(member) or inspect.isdatadescriptor(member):
            yield member


def doc_of(member: object) -> Iterator[str]:
    """The cleaned documentation, if there is one."""
    doc = getattr(member, "__doc__", None)
    if isinstance(doc, str) and doc.strip():
        yield inspect.cleandoc(doc)


def module_source(name: str) -> str:
    """`_json` and `_pyio` document what `json` and `io` offer: one source each."""
    return f"module {re.sub('^_(py)?', '', name) or name}"
