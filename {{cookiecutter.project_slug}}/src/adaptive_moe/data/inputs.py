"""What `predict` is asked, from the command line or from a file."""

import json
from pathlib import Path
from typing import Any

import torch

from ..errors import RunError
from .batch import Batch, Source, padded
from .tokenising import Tokenising

Row = dict[str, Any]


def read_inputs(inputs: str, form: type[Tokenising]) -> list[Row]:
    """A text, or a JSON object; or a file that has one in each line.

    Raises:
        RunError: A line is no such thing.
    """
    path = Path(inputs)
    is_file = len(inputs.encode()) < 256 and path.is_file()  # a long text cannot be the name of a file
    if path.suffix in (".txt", ".jsonl") and " " not in inputs and not is_file:
        raise RunError(f"inputs is {inputs}, and there is no such file; mind the spelling")
    lines = path.read_text(encoding="utf-8").split("\n") if is_file else [inputs]
    rows = [row_of(line, form) for line in lines if line.strip()]
    if not rows:
        raise RunError(f"inputs is {inputs!r}, in which there is no text; give one, or a .txt or .jsonl file")
    return rows


def row_of(line: str, form: type[Tokenising]) -> Row:
    """What is asked: a JSON object with the form's inputs, or a text where one is enough."""
    listed = {name for name in form.inputs if form.columns[name].startswith("lists")}
    if line.lstrip().startswith("{"):
        try:
            row: Row = json.loads(line)
        except ValueError as error:
            raise RunError(f"inputs has {line[:60]!r}, which is no JSON ({error}); mend it") from error
    elif len(form.inputs) == 1:
        (name,) = form.inputs
        row = {name: [line] if name in listed else line}
    else:
        row = {}
    for name in form.inputs:
        texts = row.get(name) if name in listed else [row.get(name)]
        if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts) and "".join(texts).strip()):
            example = json.dumps({each: ["..."] if each in listed else "..." for each in form.inputs})
            raise RunError(f"inputs has {line[:60]!r}, which lacks {name}; give an object such as {example}")
    return row


def prompts(rows: list[Row], tokenising: Tokenising, batch_size: int) -> list[Batch]:
    """Batches of what predictions start from; each has the number of its row as its sample."""
    pieces = [piece(tokenising, row, number) for number, row in enumerate(rows)]
    return [padded(pieces[start : start + batch_size]) for start in range(0, len(pieces), batch_size)]


def piece(tokenising: Tokenising, row: Row, number: int) -> Batch:
    """One of them."""
    sample = tokenising.prompt(row)
    ids, labels = torch.tensor(sample.ids), torch.tensor(sample.labels)
    source = torch.tensor(sample.source) if sample.source else None
    return Batch(
        ids,
        labels,
        torch.full_like(ids, number),
        None if source is None else Source(source, torch.full_like(source, number)),
    )
