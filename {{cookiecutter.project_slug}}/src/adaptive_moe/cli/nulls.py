"""Values that are null where a number, a text or an object is needed, which the parser lets pass."""

import inspect
from collections.abc import Iterator
from pydoc import locate
from types import NoneType
from typing import Any, get_args, get_type_hints

from jsonargparse import Namespace


def nulls(node: Any, option: str, made_by: Any = None) -> Iterator[str]:
    """What is null below a node of a config and must not be, in words.

    Args:
        node: Of a class, what it is made with; of a list, its members; of anything else, its options.
        option: The node's own.
        made_by: The type of what takes them, if it is known.
    """
    if isinstance(node, list):
        for each in node:
            yield from nulls(each, option)
    elif isinstance(node, Namespace) and "class_path" in node:
        yield from nulls(node.get("init_args"), option, locate(node.class_path))
    elif isinstance(node, Namespace):
        takes = types(made_by) if isinstance(made_by, type) else {}
        for name, value in vars(node).items():
            if value is None and name in takes and takes[name] is not Any and NoneType not in get_args(takes[name]):
                yield f"{option}.{name} is null; it takes {inspect.formatannotation(takes[name])}"
            yield from nulls(value, f"{option}.{name}", takes.get(name))


def types(made_by: type) -> dict[str, Any]:
    """Of the arguments whose default is not null anyway; those that a class hands on are its bases'."""
    found: dict[str, Any] = {}
    for each in reversed(made_by.__mro__):
        if "__init__" in vars(each):
            try:
                hints, signature = get_type_hints(vars(each)["__init__"]), inspect.signature(each)
            except (TypeError, ValueError, NameError):  # not written in Python, or without its types
                continue
            parameters = signature.parameters.items()
            found |= {name: hints[name] for name, one in parameters if name in hints and one.default is not None}
    return found
