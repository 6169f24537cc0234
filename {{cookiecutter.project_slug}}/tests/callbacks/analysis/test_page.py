from html.parser import HTMLParser

from adaptive_moe.callbacks.analysis.page import page
from adaptive_moe.callbacks.analysis.section import Section, samples_to_show

from .made import LETTERS, tokens

VOID = {"meta", "input", "path"}


class Reader(HTMLParser):
    """Refuses tags that do not match; keeps the text, the tags, and the attributes of all."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = "</style><script>alert(1)</script> & <b>$title</b>"


def section(stack: str, threshold: float | None = 0.1) -> Section:
    experts = [[[0, 1] if number % 2 else [0], [0]] for number in range(len(NASTY))]
    layers = [f"{stack}layer_1", f"{stack}layer_3"]
    return Section.of(tokens(NASTY, experts, [4] * len(NASTY)), layers, [4], LETTERS, threshold)


def test_a_text_stays_text_and_every_tag_is_closed() -> None:
    read = Reader(page("Routing after 3 steps", "Threshold", [section("")]))
    assert NASTY.replace(" ", "␣") in read.text  # each letter is a token
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe"} == set()
    assert not any(
        name in ("src", "href") or name.startswith("on") for _, attributes in read.tags for name in attributes
    )


def test_each_stack_has_its_own_choice_of_layers() -> None:
    html = page("Routing", "Threshold", [section("encoder_"), section("decoder_")])
    radios = [attributes for tag, attributes in Reader(html).tags if tag == "input"]
    assert [(each["name"], each["class"]) for each in radios] == [
        (f"layers-{stack}", kind) for stack in ("encoder", "decoder") for kind in ("every", "v0", "v1")
    ]
    assert len({each["id"] for each in radios}) == 6
    assert [each["class"] for each in radios if "checked" in each] == ["every"] * 2
    for rule in (".v1:checked ~ .text > .m1", ".v0:checked ~ .text > .n0"):
        assert rule in html
    assert html.index("<h2>Encoder</h2>") < html.index("<h2>Decoder</h2>")


def test_the_threshold_is_named_where_there_is_one() -> None:
    assert "the line is the threshold, 0.1" in page("Routing", "Threshold", [section("")])
    assert "threshold" not in page("Routing", "TopK", [section("", None)])


def test_texts_are_taken_at_equal_distances_from_what_all_stacks_have() -> None:
    first, second = (
        tokens("a" * 6, [[[0]]] * 6, samples).samples for samples in ([0, 1, 2, 3, 4, 5], [0, 0, 1, 2, 3, 4])
    )
    assert samples_to_show([first], 3) == [0, 2, 4]
    assert samples_to_show([first, second], 2) == [0, 2]
    assert samples_to_show([first, second], 9) == [0, 1, 2, 3, 4]
    assert samples_to_show([first], 0) == []
