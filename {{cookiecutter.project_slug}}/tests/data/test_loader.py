import torch

from adaptive_moe.data.batching import Batching
from adaptive_moe.data.loader import PlanLoader
from adaptive_moe.data.plan import Plan
from adaptive_moe.data.samples import Samples
from adaptive_moe.data.tokenising import RunningText

from .test_samples import TOKENIZER


def test_nothing_is_read_before_the_first_batch_and_what_is_done_counts() -> None:
    class Read(Samples):
        pieces = 0

        def __getitems__(self, pieces):  # type: ignore[no-untyped-def]
            self.pieces += len(pieces)
            return super().__getitems__(pieces)

    samples = Read(RunningText(TOKENIZER, 8, "split").take([{"text": text} for text in ("one", "two", "three")]).rows)
    batching = Batching(None, 1, None)
    plan = Plan(torch.arange(3), samples.lengths, batching.cuts(samples.lengths))
    loader = PlanLoader(samples, plan, batching, rank=0, world_size=1, done=4)
    batches = iter(loader)
    assert len(loader) == 7
    assert samples.pieces == 0
    next(batches)
    assert samples.pieces == 1
