import math

import pytest
import torch

from adaptive_moe.callbacks.loads import Loads, balance, effective_experts
from adaptive_moe.moe import Routing


def routing(selected: list[list[int]]) -> Routing:
    choice = torch.tensor(selected, dtype=torch.bool)
    probs = choice.float()
    return Routing(probs, probs, probs, choice, probs)


def test_loads_of_batches_add_up_without_padding_until_they_are_taken() -> None:
    loads = Loads()
    for _ in range(2):
        loads.add({"layer_0": routing([[1, 1], [0, 1], [0, 0]]), "layer_1": routing([[1, 0], [1, 0], [0, 0]])})
    load, tokens = loads.take()
    assert load.tolist() == [[2, 4], [4, 0]]
    assert tokens.tolist() == [4, 4]
    assert not loads.counts.any()


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        ([5.0, 5.0, 5.0, 5.0], (1, 0, 1, 0)),
        ([8.0, 0.0, 0.0, 0.0], (4, math.sqrt(3), 0, 0.75)),
        ([4.0, 4.0, 0.0, 0.0], (2, 1, 0.5, 0.5)),
        ([0.0, 0.0, 0.0, 0.0], (0, 0, 0, 1)),
    ],
)
def test_how_even_a_load_is(load: list[float], expected: tuple[float, ...]) -> None:
    values = balance(torch.tensor(load))
    assert list(values) == ["max_over_mean_load", "load_cv", "load_entropy", "idle_experts"]
    torch.testing.assert_close(torch.stack(list(values.values())), torch.tensor(expected, dtype=torch.float32))


def test_the_effective_number_of_experts() -> None:
    loads = torch.tensor([[5.0, 5.0, 5.0, 5.0], [4.0, 4.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(effective_experts(loads), torch.tensor([4.0, 2.0, 1.0]))
