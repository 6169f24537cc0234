"""The report of a comparison, as far as it has come."""

import base64
import re
from html import escape, unescape
from pathlib import Path

from markdown import markdown as html_of

from ..atomic import replace
from ..document import document
from . import plots
from .hparams import write_hparams
from .markdown import markdown
from .results import Results

STYLE = """:root { color-scheme: light dark; }
body { max-width: 75rem; margin: 0 auto; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; }
table { display: block; overflow-x: auto; border-collapse: collapse; font-size: .85em; }
th, td { padding: .25em .7em; text-align: left; border-bottom: 1px solid rgb(128 128 128 / .4); }
td { white-space: nowrap; }
img { max-width: 100%; background: #fff; }
"""


def write_report(results: Results, folder: Path) -> None:
    """`report.md` with its pictures, `report.html`, which holds them, and TensorBoard's hparams."""
    folder.mkdir(parents=True, exist_ok=True)
    plots.curves(results, folder / "curves.png")
    plots.ratios(results, folder / "ratios.png")
    write_hparams(results, folder / "hparams")
    text = markdown(results)
    replace(folder / "report.md", text)
    body = html_of(escape(text, quote=False), extensions=["tables"])
    body = re.sub("<code>.*?</code>", lambda match: unescape(match[0]), body)  # which Markdown has escaped once more
    body = re.sub(r'src="(\w+\.png)"', lambda match: f'src="{inline(folder / match[1])}"', body)
    replace(folder / "report.html", document(results.task, STYLE, body + "\n"))


def inline(path: Path) -> str:
    """A picture as an address."""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
