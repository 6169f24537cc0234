"""An interpolated 3-gram model: what a language model without a neural network reaches on the same tokens."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

DISCOUNT = 0.75
NOTHING = -1  # before a text begins


class Trigrams:
    """Kneser-Ney smoothing, interpolated (Chen and Goodman 1999, equation 4.36), with one discount for all orders.

    Args:
        texts: Token ids to learn from.
        vocab_size: Number of token ids.
    """

    def __init__(self, texts: Iterable[Sequence[int]], vocab_size: int) -> None:
        three: Counter[tuple[int, ...]] = Counter()
        for ids in texts:
            padded = [NOTHING, NOTHING, *ids]
            three.update(zip(padded, padded[1:], padded[2:], strict=False))
        self.vocab_size = vocab_size
        self.orders: list[Counter[tuple[int, ...]]] = [three, kinds(three), kinds(kinds(three))]
        self.sums = [sums(counts) for counts in self.orders]

    def prob(self, history: tuple[int, ...], token: int, order: int = 0) -> float:
        """Of a token behind the two before it."""
        if order == 3:
            return 1 / self.vocab_size
        total, followers = self.sums[order].get(history, (0, 0))
        shorter = self.prob(history[1:], token, order + 1)
        if not total:
            return shorter
        count = self.orders[order].get((*history, token), 0)
        return (max(count - DISCOUNT, 0) + DISCOUNT * followers * shorter) / total

    def perplexity(self, texts: Iterable[tuple[Sequence[int], Sequence[int]]]) -> float:
        """Of tokens and labels, which are the next token or less than 0."""
        nll, number = 0.0, 0
        for ids, labels in texts:
            padded = [NOTHING, *ids]
            for place, label in enumerate(labels):
                if label >= 0:
                    nll -= math.log(self.prob((padded[place], padded[place + 1]), label))
                    number += 1
        return math.exp(nll / number)


def kinds(counts: Counter[tuple[int, ...]]) -> Counter[tuple[int, ...]]:
    """Of each shorter sequence, behind how many different tokens it comes."""
    return Counter(sequence[1:] for sequence in counts)


def sums(counts: Counter[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[int, int]]:
    """For each history, the counts behind it, and how many different tokens they are of."""
    total: defaultdict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
    for (*history, _), count in counts.items():
        total[tuple(history)][0] += count
        total[tuple(history)][1] += 1
    return {history: (both[0], both[1]) for history, both in total.items()}
