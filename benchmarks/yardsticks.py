"""What a model must beat on the same test split: a constant, a copy, a 3-gram model, or a figure that was set."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from trigrams import Trigrams

from adaptive_moe.data import TextDataModule
from adaptive_moe.data.plan import Piece
from adaptive_moe.tasks.scores import exact_match_and_f1, rouge

Rows = list[dict[str, str]]


class Yardstick(NamedTuple):
    """A metric, the bar for it, and what it was made of."""

    metric: str
    bar: float
    known: dict[str, float]


def majority(data: TextDataModule) -> Yardstick:
    """Three times what one gets by always giving training's largest class; known is the test split's largest too."""
    (largest, _), *_ = Counter(data.rows["train"]["label"]).most_common(1)
    labels = list(data.rows["test"]["label"])
    guessed, most = (number / len(labels) for number in (labels.count(largest), max(Counter(labels).values())))
    known = {"accuracy of training's largest class": guessed, "share of the test split's largest class": most}
    return Yardstick("accuracy", 3 * guessed, {name: round(share, 4) for name, share in known.items()})


def most_frequent_default(data: TextDataModule) -> Yardstick:
    """0.6; known is what one gets by always giving the most frequent answer."""
    (frequent, _), *_ = Counter(row["answers"][0] for row in data.rows["train"]).most_common(1)
    scores = [exact_match_and_f1(frequent, row["answers"])[1] for row in data.rows["test"]]
    return Yardstick("f1", 0.6, {f"f1 of always {frequent!r}": round(statistics.fmean(scores), 4)})


def most_frequent_translation(data: TextDataModule) -> Yardstick:
    """0.5; known is what one gets by always giving the most frequent target."""
    (frequent, _), *_ = Counter(data.rows["train"]["target"]).most_common(1)
    shares = [row["target"] == frequent for row in data.rows["test"]]
    return Yardstick("exact_match", 0.5, {"exact_match of a constant": round(statistics.fmean(shares), 4)})


def copying(data: TextDataModule) -> Yardstick:
    """ROUGE-1 of the source's first sentence; known is a constant's too."""
    rows: Rows = list(data.rows["test"])
    copies = [first_sentence(row["source"]) for row in rows]
    known = {
        "rouge1 of the first sentence": rouge1(copies, rows),
        "rouge1 of a constant": max(rouge1([text] * len(rows), rows) for text in constants(data)),
    }
    return Yardstick("rouge1", known["rouge1 of the first sentence"], known)


def first_sentence(text: str) -> str:
    """Of prose or code: up to a full stop, or the line."""
    return text.split("\n")[0].split(". ")[0]


def constants(data: TextDataModule) -> Iterator[str]:
    """The most frequent words, in the order of their frequency: a sentence that fits all a little."""
    words = Counter(word for row in data.rows["train"] for word in row["target"].lower().split())
    for number in (4, 6, 8):
        yield " ".join(word for word, _ in words.most_common(number))


def rouge1(texts: list[str], rows: Rows) -> float:
    """Mean over the rows."""
    scores = [rouge(text, row["target"])["rouge1"] for text, row in zip(texts, rows, strict=True)]
    return round(statistics.fmean(scores), 4)


def trigrams(data: TextDataModule) -> Yardstick:
    """A 3-gram model of the same tokens, which learns from all of them and is asked for those with a label."""
    learned = [[*ids, *(label for label in labels[-1:] if label >= 0)] for ids, labels in tokens(data, "train")]
    perplexity = Trigrams(learned, data.vocab_size).perplexity(tokens(data, "test"))
    return Yardstick("perplexity", perplexity, {"perplexity of 3-grams": round(perplexity, 2)})


def tokens(data: TextDataModule, split: str) -> list[tuple[list[int], list[int]]]:
    """Ids and labels of each sample."""
    samples = data.samples[split]
    pieces = [Piece(number, 0, length) for number, length in enumerate(samples.lengths.tolist())]
    return [(sample.ids.tolist(), sample.labels.tolist()) for sample in samples.__getitems__(pieces)]


YARDSTICKS: dict[str, Callable[[TextDataModule], Yardstick]] = {
    "sentiment": majority,
    "translation": most_frequent_translation,
    "question_answering": most_frequent_default,
    "summarisation": copying,
    "text_completion": trigrams,
    "dialogue": trigrams,
}
