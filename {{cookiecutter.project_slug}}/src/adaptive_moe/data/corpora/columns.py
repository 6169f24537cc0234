"""From the columns that a source has to those that a row has here."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasets import ClassLabel, Dataset, List

from ...errors import RunError
from .corpus import Split


def renamed(split: Split, columns: Mapping[str, str], kinds: Mapping[str, str], path: str) -> Split:
    """The rows of a source under our names; a dot in one of its names goes into a nested column.

    Raises:
        RunError: A column is missing, or holds something else.
    """
    features = split.features.flatten() if split.features else {}  # a stream may not know them
    there = list(features or flat(next(iter(split))))
    for ours, theirs in columns.items():
        if twin := next((other for other in columns if columns[other] == theirs and other < ours), None):
            raise RunError(f"{twin} and {ours} are both the column {theirs}; choose two of {', '.join(there)}")
        if theirs not in there:
            raise RunError(
                f"{ours} is the column {theirs}, and {path} has the columns {', '.join(there)}; choose the one that "
                f"holds {kinds[ours]}: --data.corpus.{ours} {there[0]}"
            )
        if features and (kind := kind_of(features[theirs])) != kinds[ours] != "classes":  # which are numbers or text
            raise RunError(
                f"{ours} is the column {theirs}, and in {path} it holds {kind}, where {kinds[ours]} is needed; "
                f"choose another of {', '.join(there)}: --data.corpus.{ours}"
            )
    if isinstance(split, Dataset):
        split = split.flatten().select_columns(list(columns.values()))
        return split.rename_columns({theirs: ours for ours, theirs in columns.items() if ours != theirs})
    return split.map(partial(picked, columns), remove_columns=split.column_names or list(next(iter(split))))


def picked(columns: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a stream under our names."""
    values = flat(row)
    return {ours: values[theirs] for ours, theirs in columns.items()}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without nested columns."""
    columns: dict[str, Any] = {}
    for name, value in row.items():
        parts = {f"{name}.{part}": each for part, each in value.items()} if isinstance(value, dict) else {name: value}
        columns |= parts
    return columns


def kind_of(feature: Any) -> str:
    """What a column holds, in words."""
    if isinstance(feature, List):
        return f"lists of {kind_of(feature.feature)}"
    dtype = str(getattr(feature, "dtype", feature))
    if isinstance(feature, ClassLabel) or "int" in dtype:
        return "numbers"
    return "text" if "string" in dtype else dtype
