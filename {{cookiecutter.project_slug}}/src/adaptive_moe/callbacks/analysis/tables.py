"""Counts to tables."""

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from .counts import Counts, Grouped, name_of_band
from .margins import Histogram
from .table import Table

FEWEST = 20  # tokens of a word that is listed: with fewer, its share says little
LISTED = 15  # words at each end
TYPICAL = 6  # words of an expert
NONE = "none"


def tables(counts: Counts, layers: list[str], margins: list[Histogram]) -> list[Table]:
    """All of one stack; words are left out where there are too few tokens of each."""
    return [
        layer_table(counts, layers, margins),
        band_table("position", "How far into its sample a token stands, from 0.", counts.position, layers),
        band_table("length", "How many tokens of its sample the model sees at once.", counts.length, layers),
        band_table("frequency", "How often the token occurs among these.", counts.frequency, layers),
        *word_tables(counts, layers),
        expert_table(counts, layers),
    ]


def layer_table(counts: Counts, layers: list[str], margins: list[Histogram]) -> Table:
    """A row for each layer."""
    tokens = int(counts.all.tokens)
    rows = [
        [name, percent(share), f"{taken.sum() / tokens:.2f}", f"{margin.median:.3f}", mean_overlap(taken)]
        for name, share, taken, margin in zip(
            layers, counts.all.shares[0].tolist(), counts.taken.unbind(1), margins, strict=True
        )
    ]
    columns = ["layer", "more than one expert", "experts per token", "median margin", "overlap of experts"]
    note = "Overlap: the mean cosine between what two experts take, word by word; 1 where they take the same."
    return Table("By layer", note, columns, rows)


def band_table(name: str, note: str, groups: Grouped, layers: list[str]) -> Table:
    """A row for each band that has tokens, with the share that has more than one expert."""
    chosen = groups.tokens.nonzero().flatten().tolist()
    rows = share_rows(groups, chosen, [name_of_band(number) for number in chosen])
    return Table(f"By {name}", note, [name, *share_columns(layers)], rows)


def word_tables(counts: Counts, layers: list[str]) -> list[Table]:
    """The words that have more than one expert most often, and least often."""
    common = [number for number, tokens in enumerate(counts.word.tokens.tolist()) if tokens >= FEWEST]
    means = counts.word.shares.mean(1)
    order = sorted(common, key=lambda number: (-float(means[number]), -int(counts.word.tokens[number])))
    ends = {"Words with more than one expert most often": order[:LISTED]}
    ends["Words with more than one expert least often"] = order[LISTED:][::-1][:LISTED]
    note = f"Of the words with {FEWEST} tokens or more; a word is the text of a token without spaces around it."
    return [
        Table(
            title,
            note,
            ["word", *share_columns(layers)],
            share_rows(counts.word, chosen, [counts.words[each] for each in chosen]),
        )
        for title, chosen in ends.items()
        if chosen
    ]


def expert_table(counts: Counts, layers: list[str]) -> Table:
    """What each expert takes."""
    rows = []
    for name, taken in zip(layers, counts.taken.unbind(1), strict=True):
        loads, near = taken.sum(0) / counts.all.tokens, overlaps(taken).fill_diagonal_(-1)
        lift = lifts(taken, counts.word.tokens)
        for expert, load in enumerate(loads.tolist()):
            overlap, other = near[expert].max(0)
            closest = f"{int(other)} ({float(overlap):.2f})" if overlap > 0 else NONE
            rows.append([name, str(expert), percent(load), closest, typical(lift[:, expert], counts)])
    note = (
        "Closest: the expert that takes the most similar words, and their cosine. "
        "Typical: the words that it takes more often than its share, and how many times as often."
    )
    return Table("Experts", note, ["layer", "expert", "tokens", "closest", "typical words"], rows, texts=(0, 4))


def share_columns(layers: list[str]) -> list[str]:
    """Of the tables of shares."""
    return ["tokens", "all layers", *layers] if len(layers) > 1 else ["tokens", *layers]


def share_rows(groups: Grouped, chosen: list[int], names: list[str]) -> list[list[str]]:
    """Of some groups."""
    rows = []
    tokens, shares = groups.tokens[chosen].tolist(), groups.shares[chosen].tolist()
    for name, number, layers in zip(names, tokens, shares, strict=True):
        mean = [sum(layers) / len(layers)] if len(layers) > 1 else []
        rows.append([name, f"{number:,}", *map(percent, [*mean, *layers])])
    return rows


def overlaps(taken: Int[Tensor, "words experts"]) -> Float[Tensor, "experts experts"]:
    """Cosine between the words that two experts take; 0 with one that takes nothing."""
    columns = F.normalize(taken.T.double())
    return columns @ columns.T


def mean_overlap(taken: Int[Tensor, "words experts"]) -> str:
    """Over all pairs of experts that take something."""
    busy = overlaps(taken[:, taken.sum(0) > 0])
    pairs = len(busy) * (len(busy) - 1)
    return f"{float(busy.sum() - busy.trace()) / pairs:.2f}" if pairs else NONE


def lifts(taken: Int[Tensor, "words experts"], tokens: Int[Tensor, " words"]) -> Float[Tensor, "words experts"]:
    """How many times its share of all tokens an expert takes of a word's."""
    return (taken / tokens.unsqueeze(1)) / (taken.sum(0) / tokens.sum()).clamp(min=1e-30)


def typical(lift: Float[Tensor, " words"], counts: Counts) -> str:
    """The words with the largest lift."""
    best = lift.masked_fill(counts.word.tokens < FEWEST, 0).topk(min(TYPICAL, len(lift)))
    found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return ", ".join(f"{counts.words[number]} ({value:.1f})" for number, value in found if value > 1)


def percent(share: float) -> str:
    """With one decimal."""
    return f"{share:.1%}"
