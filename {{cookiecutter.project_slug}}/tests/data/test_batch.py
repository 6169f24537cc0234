import torch

from adaptive_moe.data import IGNORE, PADDING, Batch
from adaptive_moe.data.batch import Source, nothing, packed, padded


def piece(ids: list[int], sample: int) -> Batch:
    row = torch.tensor(ids)
    return Batch(row, row + 1, torch.full_like(row, sample))


PIECES = [piece([1, 2, 3], 7), piece([4], 2), piece([5, 6], 0)]


def test_packed_pieces_lie_end_to_end_and_the_rest_is_padding() -> None:
    batch = packed(PIECES, rows=2, length=4)
    assert batch.ids.tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]
    assert batch.labels.tolist() == [[2, 3, 4, 5], [6, 7, IGNORE, IGNORE]]
    assert batch.samples.tolist() == [[7, 7, 7, 2], [0, 0, PADDING, PADDING]]
    assert batch.mask.tolist() == [[True] * 4, [True, True, False, False]]


def test_padded_pieces_have_a_row_each() -> None:
    batch = padded(PIECES)
    assert batch.ids.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert batch.labels.tolist() == [[2, 3, 4], [5, IGNORE, IGNORE], [6, 7, IGNORE]]
    assert batch.samples.tolist() == [[7, 7, 7], [2, PADDING, PADDING], [0, 0, PADDING]]


def test_a_filler_is_padding_alone() -> None:
    for batch, shape in ((packed([nothing(False)], 2, 4), (2, 4)), (padded([nothing(True)]), (1, 1))):
        assert batch.ids.shape == shape
        assert (batch.labels == IGNORE).all()
        assert batch.num_tokens == 0


def test_a_source_is_padded_to_its_own_length_and_known_by_its_sample() -> None:
    pieces = [
        piece([1], 7)._replace(source=Source(torch.tensor([8, 9, 8]), torch.tensor([7, 7, 7]))),
        piece([2, 3], 4)._replace(source=Source(torch.tensor([6]), torch.tensor([4]))),
    ]
    batch = padded(pieces)
    assert batch.ids.shape == (2, 2)
    assert batch.source
    assert batch.source.ids.tolist() == [[8, 9, 8], [6, 0, 0]]
    assert batch.source.samples.tolist() == [[7, 7, 7], [4, PADDING, PADDING]]
    assert batch.num_tokens == 3 + 4
    assert list(batch.stacks) == ["encoder_", "decoder_"]
    assert batch.rows([1]).source.ids.tolist() == [[6, 0, 0]]  # type: ignore[union-attr]
