"""What a user can get wrong, in one sentence and without a traceback."""

import re
import sys
from collections.abc import Collection
from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from .nearest import names, nearest

LOOK = "--print_config shows the options and classes in use, --help all of them"

LONGEST = 400  # letters of what a library says

# What the parser says, and how a person would say it. The first that fits is taken.
SENTENCES = {
    r"\n *- (?P<reason>\w+ is [^\n]+; [^\n]+)\n": "{reason}",
    r"\n *- (?P<reason>[^\n]+)\nGiven value type: .*Namespace'>": "{reason}",
    r'Parser key "(?P<key>[^"]+)":.*import path string: (?P<value>\S+)': (
        "{key} is {value}, and there is no such class; LOOK"
    ),
    r'Parser key "(?P<key>[^"]+)":\s+Expected an? (?P<type>.+?)\. Got value: (?P<value>.*)': (
        "{key} is {value}; it takes {type}"
    ),
    r'Parser key "(?P<key>[^"]+)":\s+Does not validate against any.*Not a valid subclass of (?P<type>\w+)': (
        "{key} has something that is no {type}; LOOK"
    ),
    r'Parser key "(?P<key>[^"]+)":\s+Does not validate against any of the Union subtypes\s+'
    r"Subtypes: \[(?P<types>.*?)\]\n.*Given value: (?P<value>.*)": "{key} is {value}; it takes {types}",
    r'Parser key "config": (?P<reason>.*)': "{reason}; --config takes a YAML file, for example one below configs/",
    r"Problems parsing config: (?P<reason>.*)": "a config is not valid YAML: {reason}; mend it there",
    r"(?:Option|does not accept option) '(?P<option>[^']+)'": "Option '{option}' is not accepted; LOOK",
    "No supported gpu backend found": "accelerator is gpu, and torch finds none; take --trainer.accelerator auto",
    r"arguments are required: (?P<names>.*)": (
        "the class that is chosen needs {names}; add it below the class's own option, as in --data.corpus.path"
    ),
    r"unrecognized arguments: (?P<option>.*)": "{option} is not an option; LOOK",
    r"invalid choice: (?P<value>'.*') \(choose from (?P<names>.*)\)": "{value} is no command; choose one of {names}",
    r"expected \"subcommand\" to be one of {(?P<names>.*)}": "no command is given; choose one of {names}",
}


class Parser(LightningArgumentParser):
    """Prints a sentence where its parent prints the usage of every option."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """End with exit code 2."""
        refuse(message, names(self))


def refuse(reason: str, known: Collection[str] = ()) -> NoReturn:
    """Say why nothing was done, and end; what is no name may have meant one that is known."""
    print("error:", sentence(reason, known), file=sys.stderr)
    raise SystemExit(2)


def sentence(message: str, known: Collection[str]) -> str:
    """The message, shortened to the value, the reason and the remedy."""
    for pattern, text in SENTENCES.items():
        if match := re.search(pattern, message, re.DOTALL):
            words = {name: short(plain(value)) for name, value in match.groupdict().items()}
            words = {name: "null" if value == "None" else value for name, value in words.items()}
            if "types" in words:  # one of several
                words["types"] = words["types"].replace("NoneType", "null").replace(", ", " or ")
            is_class = "option" not in words  # whose name begins with a capital
            wanted = [name for name in known if name[:1].isupper() is is_class]
            meant = nearest(words.get("option", words.get("value", "")), wanted)
            return text.replace("LOOK", meant + LOOK).format(**words)
    text = plain(message)
    return short(text) if text.startswith("Parser key") else text


def short(text: str) -> str:
    """No longer than a sentence may be."""
    return f"{text[:LONGEST]} ..." if len(text) > LONGEST else text


def plain(text: str) -> str:
    """One line; types as one reads them: int, not <class 'int'>."""
    text = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", " ".join(text.split()))
    return re.sub(r"typing\.Literal\[(.*?)\]", lambda match: match[1].replace(", ", " or "), text)
