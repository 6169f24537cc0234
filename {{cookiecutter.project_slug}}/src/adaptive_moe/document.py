"""A page of HTML that is one file."""

from html import escape
from string import Template

DOCUMENT = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$style</style>
$body</html>
""")


def document(title: str, style: str, body: str) -> str:
    """The title is text; the others are taken as they are, and end their last line."""
    return DOCUMENT.substitute(title=escape(title), style=style, body=body)
