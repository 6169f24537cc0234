import re

import pytest
import torch

from adaptive_moe.callbacks.analysis.counts import Counts
from adaptive_moe.callbacks.analysis.margins import Histogram
from adaptive_moe.callbacks.analysis.table import Table
from adaptive_moe.callbacks.analysis.tables import (
    FEWEST,
    LISTED,
    lifts,
    mean_overlap,
    overlaps,
    tables,
)

from .made import LETTERS, markdown_to_safe_html, tokens

NAMES = ["layer 0", "layer 1"]


def made(text: str, experts: list[list[list[int]]]) -> dict[str, Table]:
    routed = tokens(text, experts)
    histograms = [Histogram.of(margins, 0.1) for margins in routed.margins.unbind(1)]
    return {table.title: table for table in tables(Counts.of(routed, LETTERS), NAMES, histograms)}


# a is common and mostly with one expert; b is common and has two in layer 0; c is rare
TEXT = "a" * 30 + "b" * 20 + "c" * 10
EXPERTS = [[[0], [0]]] * 27 + [[[0, 1], [0]]] * 3 + [[[1, 2], [0]]] * 20 + [[[0, 1, 2], [0, 1]]] * 10


def test_shares_by_layer() -> None:
    table = made(TEXT, EXPERTS)["By layer"]
    assert [row[:3] for row in table.rows] == [["layer 0", "55.0%", "1.72"], ["layer 1", "16.7%", "1.17"]]
    assert table.rows[1][4] == "0.27"  # (30 a, 20 b, 10 c) and (0, 0, 10)


def test_shares_by_band_leave_out_what_has_no_token() -> None:
    made_of = made(TEXT, EXPERTS)
    assert made_of["By frequency"].rows == [
        ["8 to 15", "10", "100.0%", "100.0%", "100.0%"],
        ["16 to 31", "50", "23.0%", "46.0%", "0.0%"],
    ]
    assert made_of["By length"].rows == [["32 to 63", "60", "35.8%", "55.0%", "16.7%"]]
    assert [row[0] for row in made_of["By position"].rows] == [
        "0",
        "1",
        "2 to 3",
        "4 to 7",
        "8 to 15",
        "16 to 31",
        "32 to 63",
    ]


def test_words_are_listed_by_share_if_there_are_enough_of_them() -> None:
    table = made(TEXT, EXPERTS)["Words with more than one expert most often"]
    assert table.rows == [["b", "20", "50.0%", "100.0%", "0.0%"], ["a", "30", "5.0%", "10.0%", "0.0%"]]


def test_the_two_ends_of_the_list_are_apart() -> None:
    letters = [chr(ord("a") + number) for number in range(LISTED + 4)]
    text = "".join(letter * FEWEST for letter in letters)
    experts = [[[0, 1] if token % FEWEST < token // FEWEST else [0], [0]] for token in range(len(text))]
    made_of = made(text, experts)
    most, least = (made_of[f"Words with more than one expert {end} often"] for end in ("most", "least"))
    assert [row[0] for row in most.rows] == letters[:3:-1]
    assert [row[0] for row in least.rows] == letters[:4]


def test_few_tokens_give_no_list_of_words() -> None:
    assert not [title for title in made("abc", [[[0], [0]]] * 3) if title.startswith("Words")]


def test_an_expert_is_known_by_what_it_takes_above_its_share() -> None:
    rows = {tuple(row[:2]): row[2:] for row in made(TEXT, EXPERTS)["Experts"].rows}
    assert rows["layer 0", "0"] == ["66.7%", "1 (0.27)", "a (1.5)"]
    assert rows["layer 0", "2"] == ["50.0%", "1 (0.99)", "b (2.0)"]
    assert rows["layer 1", "2"] == ["0.0%", "none", ""]


def test_overlap_and_lift_of_known_counts() -> None:
    taken = torch.tensor([[4, 4, 0, 0], [0, 4, 2, 0]])
    assert overlaps(taken)[:, 2].tolist() == pytest.approx([0, 2**-0.5, 1, 0])
    assert mean_overlap(taken) == "0.47"  # an expert that takes nothing is no part of it
    assert mean_overlap(taken[:, :1]) == "none"
    lift = lifts(taken, torch.tensor([4, 12]))
    torch.testing.assert_close(lift[:, 0], torch.tensor([4.0, 0.0]))
    torch.testing.assert_close(lift[:, 3], torch.zeros(2))


AWKWARD = [
    "",
    "|",
    "a | b",
    "**a**",
    "`a`",
    "<script>alert(1)</script>",
    "[a](b)",
    "\\",
    "_a_",
    "&amp;",
    "- a",
    "#",
    "1.",
]


def test_tensorboard_shows_cells_as_they_are() -> None:
    table = Table("Title", "A note.", ["", "word"], [[cell, cell] for cell in AWKWARD])
    html = markdown_to_safe_html(table.markdown())
    escaped = [cell.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for cell in AWKWARD]
    assert re.findall("<td[^>]*>(.*?)</td>", html) == [cell for cell in escaped for _ in range(2)]
    assert "<strong>Title</strong>. A note." in html


def test_a_page_shows_cells_as_they_are_and_shades_shares() -> None:
    html = Table("A & B", "<", ["word", "share"], [["<i>", "12.5%"]]).html()
    assert '<td class="words">&lt;i&gt;</td><td style="--s:0.125">12.5%</td>' in html
    assert "A &amp; B" in html
