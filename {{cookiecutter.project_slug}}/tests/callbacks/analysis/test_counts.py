import torch

from adaptive_moe.callbacks.analysis.counts import Counts, Grouped, band, name_of_band

from .made import LETTERS, tokens

ROUTED = tokens(
    "abacba",
    [[[0], [1]], [[0, 1], [2]], [[0], [1, 2]], [[2], [0]], [[1, 2], [0, 1]], [[0, 2], [0, 1, 2]]],
)


def lists(groups: Grouped) -> dict[int, tuple[int, list[int]]]:
    pairs = zip(groups.tokens.tolist(), groups.more.tolist(), strict=True)
    return {number: (count, more) for number, (count, more) in enumerate(pairs) if count}


def test_bands_double() -> None:
    assert band(torch.tensor([0, 1, 2, 3, 4, 7, 8, 1023, 1024])).tolist() == [0, 1, 2, 2, 3, 3, 4, 10, 11]
    assert [name_of_band(number) for number in (0, 1, 2, 3, 11)] == ["0", "1", "2 to 3", "4 to 7", "1,024 to 2,047"]


def test_tokens_with_more_than_one_expert_are_counted_in_their_groups() -> None:
    counts = Counts.of(ROUTED, LETTERS)
    assert lists(counts.all) == {0: (6, [3, 3])}
    assert lists(counts.position) == {0: (1, [0, 0]), 1: (1, [1, 0]), 2: (2, [0, 1]), 3: (2, [2, 2])}
    assert lists(counts.length) == {3: (6, [3, 3])}
    assert lists(counts.frequency) == {1: (1, [0, 0]), 2: (5, [3, 3])}  # c once, b twice, a three times
    assert counts.words == ["a", "b", "c"]
    assert lists(counts.word) == {0: (3, [1, 2]), 1: (2, [2, 1]), 2: (1, [0, 0])}


def test_what_each_expert_takes_is_counted_word_by_word() -> None:
    taken = Counts.of(ROUTED, LETTERS).taken
    assert taken[:, 0].tolist() == [[3, 0, 1], [1, 2, 1], [0, 0, 1]]
    assert taken[:, 1].tolist() == [[1, 3, 2], [1, 1, 1], [1, 0, 0]]


def test_words_that_differ_in_spaces_are_one() -> None:
    spaced = LETTERS._replace(decode=lambda ids: "".join(f" {chr(number).lower()}" for number in ids))
    counts = Counts.of(tokens("aAb", [[[0]], [[0, 1]], [[0]]]), spaced)
    assert counts.words == ["a", "b"]
    assert lists(counts.word) == {0: (2, [1]), 1: (1, [0])}
