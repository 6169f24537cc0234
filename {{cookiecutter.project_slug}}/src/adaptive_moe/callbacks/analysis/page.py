"""The analysis as one file that any browser shows, without a network or a script."""

from html import escape
from string import Template

from ...document import document
from .section import Section
from .style import STYLE, style_of_layer

MAIN = Template("""<main>
<h1>$title</h1>
<p class="note">$summary</p>
$sections</main>
""")
SECTION = Template("""<section>
$heading$texts<h3>Who gets more than one expert</h3>
$tables<h3>How sure the routers are</h3>
<p class="note">$margins_note</p>
<div class="margins">
$margins</div>
</section>
""")
TEXTS = Template("""<h3>Texts</h3>
<div role="group" aria-label="Layer whose marks are shown">
$choices<p class="legend all">More than one expert in <b style="--s:.25">a quarter</b>, <b style="--s:.5">half</b>,
<b style="--s:1">all</b> of the layers. Choose a layer to see its own.</p>
<p class="legend one"><b class="two">Two experts</b>, <b class="three">three or more</b> in this layer.</p>
$texts</div>
""")
CHOICE = Template(
    '<input type="radio" name="layers-$section" id="$section-$name" class="$kind"$checked>'
    '<label for="$section-$name">$text</label>\n'
)
TEXT = Template("""<h4>Sample $sample</h4>
<p class="text" dir="auto">$text</p>
""")
MARGINS = Template("""<figure>$svg<div class="ends"><span>0</span><span>1</span></div>
<figcaption>$layer: median $median</figcaption></figure>
""")


def page(title: str, gating: str, sections: list[Section]) -> str:
    """The whole file."""
    tokens = " and ".join(
        f"{section.tokens:,} tokens" + (f" of the {section.title.lower()}" if section.title else "")
        for section in sections
    )
    layers = max((len(section.layers) for section in sections), default=0)
    body = MAIN.substitute(
        title=escape(title),
        summary=f"{tokens} of the validation split; gating: {escape(gating)}.",
        sections="".join(map(section_html, sections)),
    )
    return document(title, STYLE + "".join(map(style_of_layer, range(layers))), body)


def section_html(section: Section) -> str:
    """One stack."""
    threshold = section.histograms[0].threshold
    note = "By how much a token's best expert is above its second."
    if threshold is not None:
        note = f"From which threshold on a token gets a second expert; the line is the threshold, {threshold:.3g}."
    figures = [
        MARGINS.substitute(svg=margin.svg(), layer=name, median=f"{margin.median:.3f}")
        for name, margin in zip(section.names, section.histograms, strict=True)
    ]
    return SECTION.substitute(
        heading=f"<h2>{section.title}</h2>\n" if section.title else "",
        texts=texts_html(section) if section.texts else "",
        tables="".join(table.html() for table in section.tables),
        margins_note=note,
        margins="".join(figures),
    )


def texts_html(section: Section) -> str:
    """Marked texts, below the choice of what the marks are of: all layers together, or one."""
    name = section.title.lower() or "model"
    every = CHOICE.substitute(section=name, name="all", kind="every", checked=" checked", text="all layers")
    choices = [
        CHOICE.substitute(section=name, name=number, kind=f"v{number}", checked="", text=layer)
        for number, layer in enumerate(section.names)
    ]
    texts = [TEXT.substitute(sample=text.sample, text=text.html()) for text in section.texts]
    return TEXTS.substitute(choices=every + "".join(choices), texts="".join(texts))
