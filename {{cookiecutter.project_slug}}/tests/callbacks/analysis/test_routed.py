import torch

from adaptive_moe.callbacks.analysis.routed import joined, routed
from adaptive_moe.data import Batch, Source
from adaptive_moe.moe import Threshold, TopK

from .made import routing

# one row: four tokens of sample 7, two of sample 9, padding; the next: three that go on with sample 9, padding
SAMPLES = torch.tensor([[7, 7, 7, 7, 9, 9, -1], [9, 9, 9, -1, -1, -1, -1]])
IDS = torch.arange(14).view(2, 7)
LAYERS = [routing([[0.5, 0.3, 0.2]] * 14, [[0, 1]] * 14), routing([[0.1, 0.8, 0.1]] * 14, [[1]] * 14)]


def test_a_batch_gives_each_token_its_place_and_its_experts() -> None:
    kept = routed(Batch(IDS, IDS, SAMPLES), "", LAYERS, Threshold(0.3), turn=5)
    real = kept.real()
    assert real.ids.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert real.samples.tolist() == [7, 7, 7, 7, 9, 9, 9, 9, 9]
    assert real.positions.tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2]  # as the model counts them
    assert real.lengths.tolist() == [4, 4, 4, 4, 2, 2, 3, 3, 3]
    assert real.turns.tolist() == [5] * 9
    assert real.experts_per_token.tolist() == [[2, 1]] * 9
    torch.testing.assert_close(real.margins, torch.tensor([[0.2, 0.7]] * 9))


def test_an_encoder_reads_the_source_and_a_decoder_the_target() -> None:
    batch = Batch(IDS, IDS, SAMPLES, Source(IDS + 100, torch.full_like(IDS, 3)))
    assert routed(batch, "encoder_", LAYERS, TopK(2), 0).real().ids.tolist() == list(range(100, 114))
    assert routed(batch, "decoder_", LAYERS, TopK(2), 0).real().ids.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]


def test_batches_come_in_the_order_of_their_turns() -> None:
    batch = Batch(IDS, IDS, SAMPLES)
    parts = [routed(batch._replace(ids=IDS + 100 * turn), "", LAYERS, TopK(2), turn) for turn in (2, 0, 1)]
    real = joined(parts).real()
    assert real.turns.tolist() == [0] * 9 + [1] * 9 + [2] * 9
    assert real.ids[::9].tolist() == [0, 100, 200]
    assert joined(parts).first(14).real().ids.tolist() == [200, 201, 202, 203, 204, 205, 207, 208, 209]
