import pytest
import torch

from adaptive_moe.moe import FeedForward, MoE, MoEConfig, Threshold


def kinds(layers: int | list[int], num_layers: int = 6) -> str:
    built = MoEConfig(num_experts=2, expert_dim=4, layers=layers).build(8, num_layers, Threshold())
    return "".join("m" if isinstance(module, MoE) else "d" for module in built)


def test_every_layer_every_nth_a_list_or_none() -> None:
    assert kinds(1) == "mmmmmm"
    assert kinds(2) == "dmdmdm"
    assert kinds(4) == "dddmdd"
    assert kinds([0, 5]) == "mddddm"
    assert kinds([]) == "dddddd"


def test_a_dense_layer_has_the_width_of_one_expert_or_of_as_many_as_asked() -> None:
    for width, inner in ((1.0, 100), (1.3, 130)):
        (dense,) = MoEConfig(expert_dim=100, layers=[], dense_width=width).build(8, 1, Threshold())
        assert isinstance(dense, FeedForward)
        assert dense.down_proj.in_features == inner


def test_one_policy_serves_all_layers_and_shared_experts_lie_side_by_side() -> None:
    first, second = MoEConfig(expert_dim=4, shared_experts=3).build(8, 2, Threshold())
    assert isinstance(first, MoE)
    assert isinstance(second, MoE)
    assert first.router.gating is second.router.gating
    assert first.shared_experts is not None
    assert first.shared_experts.down_proj.weight.shape == torch.Size([8, 12])


@pytest.mark.parametrize(
    ("layers", "message"),
    [(0, "layers is 0"), (7, "layers is 7"), ([2, 6], r"layers names \[6\]"), ([-1], r"layers names \[-1\]")],
)
def test_layers_that_are_not_there_are_refused(layers: int | list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kinds(layers)


@pytest.mark.parametrize(
    ("name", "value"), [("num_experts", 0), ("expert_dim", 0), ("shared_experts", -1), ("dense_width", 0.0)]
)
def test_sizes_that_leave_nothing_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        MoEConfig(**{name: value})  # type: ignore[arg-type]
