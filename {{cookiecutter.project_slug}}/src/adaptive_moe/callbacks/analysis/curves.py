"""What TensorBoard shows of the analysis."""

from torch.utils.tensorboard import SummaryWriter

from .margins import BINS
from .section import Section
from .table import markdown_row


def show(writer: SummaryWriter, sections: list[Section], step: int) -> None:
    """Tables, texts, and the margins of every layer."""
    writer.add_text("routing/analysis", "\n\n".join(map(tables_of, sections)), step)
    if rows := [row for section in sections for row in rows_of(section)]:
        head = [["sample", "layer", "text"], ["---:", "---", "---"]]
        writer.add_text("routing/texts", "\n".join(map(markdown_row, [*head, *rows])), step)
    for section in sections:
        for layer, margins, histogram in zip(section.layers, section.margins, section.histograms, strict=True):
            writer.add_histogram(f"routing/{layer}/margin", margins, step, bins=BINS)
            writer.add_image(f"routing/{layer}/margin_histogram", histogram.image(), step, dataformats="HWC")


def tables_of(section: Section) -> str:
    """One below the other."""
    title = f"{section.title}, {section.tokens:,} tokens" if section.title else f"{section.tokens:,} tokens"
    return "\n\n".join([f"## {title}", *(table.markdown() for table in section.tables)])


def rows_of(section: Section) -> list[list[str]]:
    """Each text once for every layer."""
    layers = [layer.replace("_", " ") for layer in section.layers]
    return [
        [str(text.sample), layer, row]
        for text in section.texts
        for layer, row in zip(layers, text.markdown(), strict=True)
    ]
