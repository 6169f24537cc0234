"""The computation of docs/scaling.md, in cases where the answer is known."""

import dataclasses
import runpy
from types import SimpleNamespace

import pytest

from .conftest import ROOT

costs = SimpleNamespace(**runpy.run_path(str(ROOT / "docs/costs.py")))
MODELS = [
    costs.Model("large experts", 24, 1024, 16, 4096, 2, 50257, 16384),
    costs.Model("small experts", 24, 2048, 64, 1408, 3, 50257, 16384),
]
CLUSTER = dataclasses.replace(costs.Cluster(), latency=0.0, wait=0.0, reached=1.0, imbalance=1.0)


def test_collectives_take_what_their_bytes_take() -> None:
    assert CLUSTER.scatter(8e9, 1) == CLUSTER.all_to_all(8e9, 1) == 0
    assert CLUSTER.scatter(8e9, 8) == pytest.approx(7e9 / 450e9)
    assert CLUSTER.scatter(8e9, 16) == pytest.approx(
        7e9 / 450e9 + 0.5e9 / 50e9
    )  # an eighth of it, between two machines
    assert CLUSTER.all_to_all(8e9, 8) == pytest.approx(7e9 / 450e9)
    assert CLUSTER.all_to_all(8e9, 16) == pytest.approx(4e9 / 50e9)  # half of it leaves the machine


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_strategies_are_one_on_one_gpu_and_divide_what_they_say(model: SimpleNamespace) -> None:
    alone = [strategy(model, CLUSTER, 1, 1.25) for strategy in costs.STRATEGIES.values()]
    assert alone[0] == alone[1] == alone[2]
    assert alone[0].exposed == 0
    ddp, fsdp, expert_parallel = (strategy(model, CLUSTER, 8, 1.25) for strategy in costs.STRATEGIES.values())
    assert ddp.memory == alone[0].memory
    assert alone[0].memory - expert_parallel.memory == pytest.approx(16 * model.all_experts * 7 / 8)
    assert fsdp.memory < alone[0].memory
    assert costs.expert_parallel(model, CLUSTER, 2 * model.experts, 1.25) is None


def test_fewer_experts_per_token_travel_less_and_are_reduced_the_same() -> None:
    model = MODELS[1]
    assert model.ranks_of_a_token(2.0, 64) == 2  # one expert on each rank
    assert model.ranks_of_a_token(2.0, 1) == model.ranks_of_a_token(1.0, 64) == 1
    assert costs.travel(model, CLUSTER, 64, 1.0) == pytest.approx(costs.travel(model, CLUSTER, 64, 2.0) / 2)
    one, two = (costs.ddp(model, CLUSTER, 64, used) for used in (1.0, 2.0))
    assert one.exposed - two.exposed == pytest.approx((two.compute - one.compute) * 2 / 3)
