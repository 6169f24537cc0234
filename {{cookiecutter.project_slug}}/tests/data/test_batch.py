import pytest
import torch

from adaptive_moe.data import IGNORE, PADDING
from adaptive_moe.data.batch import PackedRows


def test_documents_lie_end_to_end_and_labels_stay_inside_them() -> None:
    rows = PackedRows([[5, 6], [7], [8, 9, 10]], end_of_text=0, length=4)
    assert len(rows) == 3
    assert torch.stack([rows[i].ids for i in range(3)]).tolist() == [[5, 6, 0, 7], [0, 8, 9, 10], [0, 0, 0, 0]]
    assert torch.stack([rows[i].labels for i in range(3)]).tolist() == [
        [6, 0, IGNORE, 0],
        [IGNORE, 9, 10, 0],
        [IGNORE, IGNORE, IGNORE, IGNORE],
    ]
    assert rows[1].samples.tolist() == [1, 2, 2, 2]
    assert rows[2].samples.tolist() == [2, PADDING, PADDING, PADDING]
    assert rows[2].mask.tolist() == [True, False, False, False]


@pytest.mark.parametrize("length", [1, 3, 4, 100])
def test_every_token_is_there_once_and_row_minus_one_is_empty(length: int) -> None:
    documents = [[1] * n for n in (1, 4, 2)]
    rows = PackedRows(documents, end_of_text=0, length=length)
    assert sum(int(rows[i].mask.sum()) for i in range(len(rows))) == rows.num_tokens == 10
    assert not rows[-1].mask.any()
    assert (rows[-1].labels == IGNORE).all()


def test_a_full_last_row_needs_no_padding() -> None:
    rows = PackedRows([[1, 2, 3]], end_of_text=0, length=4)
    assert len(rows) == 1
    assert rows[0].mask.all()
