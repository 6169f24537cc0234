"""What each offline corpus makes of a few files of its own."""

from pathlib import Path

import pytest

from adaptive_moe.data.corpora import definitions, offline, python_docs
from adaptive_moe.data.corpora.definitions import spoken
from adaptive_moe.data.corpora.dialogue import read_dialogues
from adaptive_moe.data.corpora.question_answering import read_questions
from adaptive_moe.data.corpora.sentiment import read_paragraphs
from adaptive_moe.data.corpora.summarisation import read_summaries
from adaptive_moe.data.corpora.translation import listing, read_pairs
from adaptive_moe.errors import RunError

FILES = {
    "shapes/area.py": '''
"""Everything that shapes has to say about areas.

Short."""

import math

class ShapesError(Exception):
    """What the Shapes.area functions
    raise when there is no area."""

def area(side: int, power=2, /, unit="cm", *rest, exact: bool = False, root=None, cut=None, **options):
    """Return the area of a square. Raises ShapesError if
    the side is negative.

    >>> import math
    >>> area(2)
    4
    >>> area(3,
    ...      2)
    9
    """
    if side < 0 and not options:
        raise ShapesError(side, f"{unit}", *rest)
    return math.pow(side, power)

def address():
    """address() -> where it is

    >>> object()
    <object object at 0x7f>
    """
''',
    "shapes/copied.py": '"""Everything that shapes   has to say about areas."""\n',
    "test/left_out.py": '"""Everything that tests of shapes have to say about areas."""\n',
    "broken.py": "def (:\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_paragraphs_are_masked_and_come_once(root: Path) -> None:
    rows = offline.unique(read_paragraphs(root, ("shapes",)), "text")
    assert list(rows) == [
        {"text": text, "label": 0, "origin": "shapes.area"}
        for text in (
            "Everything that <package> has to say about areas.",
            "What the <package>.area functions raise when there is no area.",
            "Return the area of a square. Raises <package>Error if the side is negative.",
            ">>> import math >>> area(2) 4 >>> area(3, ... 2) 9",
        )
    ]


def test_expressions_without_code_of_their_own_are_compiled_and_not_run(tmp_path: Path) -> None:
    lines = ["short", "nothing.exists", "[x for x in missing]", "lambda: missing", "'a' 'constant'", "call(name=value)"]
    (tmp_path / "mine.py").write_text("\n".join([*lines, "nothing.exists", "'a text that is long' + x", "1 + 234567"]))
    assert list(read_pairs(tmp_path)) == [
        {
            "source": "nothing.exists",
            "target": "LOAD_NAME nothing; LOAD_ATTR exists; RETURN_VALUE",
            "origin": "module mine",
        }
    ]


def test_jumps_say_how_many_instructions_they_go_over() -> None:
    shown = listing("first if this else other")
    (jump,) = (i for i, instruction in enumerate(shown) if "JUMP" in instruction)
    over = int(shown[jump].split(" over ")[1])
    assert shown[jump + 1 + over] == "LOAD_NAME other"
    assert listing("await this") == listing(" + ".join("abcdefghijkl")) == []


def test_questions_are_about_defaults_and_about_one_exception(root: Path) -> None:
    signature = (
        "def area(side: int, power=2, /, unit='cm', *rest, exact: bool = False, root=None, cut=None, **options):"
    )
    rows = list(read_questions(root))
    assert [(row["question"], row["answers"]) for row in rows] == [
        ("What is the default of power in area?", ["2"]),
        ("What is the default of unit in area?", ["'cm'"]),
        ("What is the default of exact in area?", ["False"]),
        ("What is the default of root in area?", ["None"]),
        ("What is the default of cut in area?", ["None"]),
        ("Which exception does area raise?", ["ShapesError"]),
    ]
    *defaults, exception = rows
    assert {row["context"] for row in defaults} == {f"{signature}\nReturn the area of a square."}
    assert exception["context"].startswith(f"{signature}\nReturn the area of a square. Raises")
    before = ("power=", "unit=", "exact: bool = ", "root=", "cut=", "Raises ")
    assert [row["starts"] for row in rows] == [[exception["context"].index(text) + len(text)] for text in before]


@pytest.mark.parametrize("code", ["def f(a, b): ...", "class F: ...", "f = lambda a=1: a"])
def test_no_question_is_asked_where_there_is_no_default(tmp_path: Path, code: str) -> None:
    (tmp_path / "mine.py").write_text(code)
    assert not list(read_questions(tmp_path))


def test_a_summary_is_taken_out_of_what_it_summarises(root: Path) -> None:
    (row,) = read_summaries(root)
    assert row["target"] == "Return the area of a square."
    name, first, docstring, *code = row["source"].splitlines()
    assert name == "area"
    assert first.startswith("def area(side: int, power=2, /")
    assert docstring.startswith('    """Raises ShapesError if the side is negative. >>> import math')
    assert code[-1] == "    return math.pow(side, power)"


def test_a_name_in_words() -> None:
    assert spoken("HTMLParser.feed_all2") == "html parser feed all 2"


def test_sessions_and_questions_are_dialogues(root: Path) -> None:
    assert [row["turns"] for row in read_dialogues(root)] == [
        ["import math\narea(2)", "4", "area(3,\n     2)", "9"],
        ["What does shapes error of shapes.area do?", "What the Shapes.area functions raise when there is no area."],
        [
            "What does area of shapes.area do?",
            "Return the area of a square.",
            "Go on.",
            "Raises ShapesError if the side is negative.",
        ],
    ]


@pytest.mark.parametrize(
    ("docstring", "sentence", "rest"),
    [
        ("Do one thing. Then\nthe other.\n\nMore.", "Do one thing.", "Then the other.\n\nMore."),
        ("Do this, e.g. that", "Do this, e.g. that", ""),
        ("join(a, b) -> path\n\nJoin them.", "", "Join them."),
        ("Too short.", "", ""),
        ("", "", ""),
    ],
)
def test_openings_are_sentences(docstring: str, sentence: str, rest: str) -> None:
    assert definitions.opening(docstring) == (sentence, rest)


def test_definitions_are_named_from_the_outside_in(tmp_path: Path) -> None:
    (tmp_path / "_json").mkdir()
    (tmp_path / "_json" / "__init__.py").write_text("class A:\n if 1:\n  def f(self):\n   async def g(): ...\n")
    found = list(definitions.read_definitions(tmp_path))
    assert [(each.module, each.name, each.origin) for each in found] == [
        ("_json", name, python_docs.module_source("json")) for name in ("A", "A.f", "A.f.g")
    ]


def test_held_out_origins_are_small_ones_until_each_split_has_a_twentieth() -> None:
    origins = [f"large {i % 4}" for i in range(900)] + [f"small {i % 50}" for i in range(100)]
    splits = offline.held_out(origins)
    assert all(origin.startswith("small") for origin in splits)
    for name in ("validation", "test"):
        assert sum(splits.get(origin) == name for origin in origins) == 50
    with pytest.raises(RunError, match="the corpus is of 2 origins, and no two splits share one; give rows of more"):
        offline.held_out(["one", "one", "other"])
