import re
from html import unescape

from adaptive_moe.callbacks.analysis.marked_text import SHOWN, MarkedText

from .made import BPE, BYTES, LETTERS, markdown_to_safe_html, tokens

# layer 0, layer 1
TEXT = MarkedText(
    3, ["one", " two", "|", "*", "<b>", "\n", "end"], [[1, 1], [2, 1], [2, 3], [1, 1], [1, 2], [2, 1], [1, 12]]
)


def test_markdown_marks_what_has_more_than_one_expert_in_a_layer() -> None:
    first, second = TEXT.markdown()
    assert first == "one **two²\\|²**\\*&lt;b&gt;**⏎²**end"
    assert second == "one two**\\|³**\\***&lt;b&gt;²**⏎**end¹²**"


def test_tensorboard_shows_the_marks_and_the_text_as_it_is() -> None:
    html = markdown_to_safe_html("| a | b |\n| --- | --- |\n" + "".join(f"| 0 | {row} |\n" for row in TEXT.markdown()))
    first, second = re.findall("<td>0</td>\n<td>(.*?)</td>", html)
    assert first == "one <strong>two²|²</strong>*&lt;b&gt;<strong>⏎²</strong>end"
    assert second == "one two<strong>|³</strong>*<strong>&lt;b&gt;²</strong>⏎<strong>end¹²</strong>"


def test_html_marks_each_layer_and_the_share_of_the_layers() -> None:
    html = TEXT.html()
    assert html.startswith(
        'one <b class="m0" style="--s:0.50" title="2 1">two</b><b class="m0 n1" style="--s:1.00" title="2 3">|</b>'
    )
    assert '<b class="m1" style="--s:0.50" title="1 2">&lt;b&gt;</b>' in html
    assert "<i>⏎\n</i>" in html
    text = unescape(re.sub("<[^>]*>", "", html))
    assert text == "one two|*<b>⏎\nend"


def test_a_long_text_is_cut_in_markdown_only() -> None:
    long = MarkedText(0, ["a"] * (SHOWN + 1), [[1]] * (SHOWN + 1))
    assert long.markdown() == ["a" * SHOWN + " …"]
    assert long.html() == "a" * (SHOWN + 1)
    assert MarkedText(0, ["a"], [[1]]).markdown() == ["a"]


def test_it_is_made_of_the_tokens_of_its_sample() -> None:
    routed = tokens("abc", [[[0]], [[0, 1]], [[0, 1, 2]]], samples=[5, 6, 5])
    assert MarkedText.of(routed, 5, LETTERS) == MarkedText(5, ["a", "c"], [[1], [3]])


def test_a_character_of_several_tokens_has_the_most_experts_of_any() -> None:
    ids = BYTES.encode("é").ids
    routed = tokens("ab", [[[0, 1], [0]], [[0], [0, 1, 2]]])
    routed.ids[:] = routed.ids.new_tensor(ids)
    assert MarkedText.of(routed, 0, BPE) == MarkedText(0, ["é"], [[2, 3]])
