"""The command line: Lightning's, with short messages."""

from .cli import CLI as CLI
