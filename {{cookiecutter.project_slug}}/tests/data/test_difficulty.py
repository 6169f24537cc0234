import torch

from adaptive_moe.data.difficulty import Difficulty
from adaptive_moe.data.orders.order import UNKNOWN

LENGTHS = torch.tensor([4, 8, 3, 2])
SAMPLES = torch.tensor([1, 1, 1, 1, 3, 3, -1, -1])
TWO = torch.tensor([[1, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0]]).bool()


def test_shares_are_counted_over_batches_and_what_had_no_turn_is_not_known() -> None:
    difficulty = Difficulty(LENGTHS)
    assert difficulty.shares.shape == (4, 0)
    difficulty.add(TWO, SAMPLES)
    difficulty.add(TWO[:, :4], SAMPLES[:4].roll(1))  # more of sample 1, in another batch
    difficulty.renew()
    assert difficulty.shares.dtype == torch.uint8
    assert difficulty.shares.tolist() == [[UNKNOWN] * 2, [254 // 4, 0], [UNKNOWN] * 2, [254, 127]]


def test_what_is_not_seen_again_keeps_its_share() -> None:
    difficulty = Difficulty(LENGTHS)
    difficulty.add(TWO, SAMPLES)
    difficulty.renew()
    difficulty.renew()
    difficulty.add(~TWO[:, 4:6], SAMPLES[4:6])
    difficulty.renew()
    assert difficulty.shares[[1, 3]].tolist() == [[63, 0], [0, 127]]


def test_two_stacks_are_counted_each_over_its_own_tokens() -> None:
    difficulty = Difficulty(torch.tensor([4, 1]))
    difficulty.add(torch.tensor([[1, 0, 0, 0, 1]]).bool(), torch.tensor([0, 0, 0, 0, 1]), "encoder")
    difficulty.add(torch.tensor([[1, 0, 1], [0, 0, 0]]).bool(), torch.tensor([0, 0, 1]), "decoder")
    difficulty.renew()
    assert difficulty.shares.tolist() == [[127, 0, 63], [254, 0, 254]]  # decoder's two layers, encoder's one


def test_its_state_goes_on_in_the_middle_of_a_sample() -> None:
    whole, before, after, other = (Difficulty(LENGTHS) for _ in range(4))
    for difficulty, parts in ((whole, [TWO[:, :3], TWO[:, 3:]]), (before, [TWO[:, :3]])):
        for start, part in zip((0, 3), parts, strict=False):
            difficulty.add(part, SAMPLES[start : start + part.shape[1]])
    state = before.state_dict()
    assert state["counts"][""].dtype == torch.int16
    after.load_state_dict(state, rank=0)
    other.load_state_dict(state, rank=1)
    assert not other.counts[""].any()
    after.add(TWO[:, 3:], SAMPLES[3:])
    for difficulty in (whole, after):
        difficulty.renew()
    assert torch.equal(whole.shares, after.shares)


def test_very_long_samples_are_counted_too() -> None:
    difficulty = Difficulty(torch.tensor([40_000]))
    difficulty.add(torch.ones(1, 40_000).bool(), torch.zeros(40_000, dtype=torch.int64))
    difficulty.renew()
    assert difficulty.shares.tolist() == [[254]]
