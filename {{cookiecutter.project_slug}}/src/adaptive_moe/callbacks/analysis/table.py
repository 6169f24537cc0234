"""A small table, for TensorBoard and for a page."""

import re
from collections.abc import Iterable
from html import escape
from typing import NamedTuple


class Table(NamedTuple):
    """Cells as text.

    Attributes:
        title: Above it.
        note: A sentence on how to read it.
        columns: Their names.
        rows: Their cells.
        texts: The numbers of the columns that hold words, and are set to the left.
    """

    title: str
    note: str
    columns: list[str]
    rows: list[list[str]]
    texts: tuple[int, ...] = (0,)

    def markdown(self) -> str:
        """As TensorBoard shows it."""
        rules = ["---" if place in self.texts else "---:" for place in range(len(self.columns))]
        head, *body = (markdown_row(map(escape_markdown, cells)) for cells in (self.columns, *self.rows))
        return "\n".join([f"**{self.title}**. {self.note}", "", head, markdown_row(rules), *body])

    def html(self) -> str:
        """As a page shows it; shares have a shade."""
        head = "".join(
            f'<th scope="col"{self.side(place)}>{escape(name)}</th>' for place, name in enumerate(self.columns)
        )
        body = "".join(
            "<tr>"
            + "".join(f"<td{self.side(place)}{shade(cell)}>{escape(cell)}</td>" for place, cell in enumerate(row))
            + "</tr>\n"
            for row in self.rows
        )
        return (
            f"<details open><summary>{escape(self.title)}</summary><p>{escape(self.note)}</p>"
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div></details>\n'
        )

    def side(self, place: int) -> str:
        """Words to the left."""
        return ' class="words"' if place in self.texts else ""


def shade(cell: str) -> str:
    """For a cell that is a share."""
    return f' style="--s:{float(cell[:-1]) / 100:.3f}"' if re.fullmatch(r"[\d.]+%", cell) else ""


def markdown_row(cells: Iterable[str]) -> str:
    """In pipes, which keep a cell that is empty."""
    return f"| {' | '.join(cells)} |"


def escape_markdown(text: str) -> str:
    """So that Markdown takes it for text, in the cell of a table."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", text)
