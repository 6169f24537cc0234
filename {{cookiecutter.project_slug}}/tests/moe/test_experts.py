"""The layer's two backends against a dense oracle."""

from collections.abc import Iterable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adaptive_moe.moe import (
    Experts,
    Gating,
    MoE,
    ProbabilisticTopTwo,
    RandomTopTwo,
    Router,
    Routing,
    SequenceBudget,
    Threshold,
    TopK,
    TopP,
)
from adaptive_moe.moe.activation import ACTIVATIONS
from adaptive_moe.moe.grouped import grouped
from adaptive_moe.moe.sorted_loop import sorted_loop, sorted_loop_backward

DIM, INNER = 8, 16
POLICIES: dict[str, Gating] = {
    "top_1": TopK(1),
    "top_2": TopK(2),
    "threshold": Threshold(0.1),
    "top_p": TopP(0.6),
    "all": TopP(1.0),
    "random": RandomTopTwo(0.5),
    "probabilistic": ProbabilisticTopTwo(0.4),
    "budget": SequenceBudget(1.3),
}
# backend and precision; the grouped product knows no float64
WAYS = [("loop", torch.float64), ("loop", torch.float32), ("loop", torch.bfloat16)]
WAYS += [("grouped", torch.float32), ("grouped", torch.bfloat16)]
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-5, torch.bfloat16: 4e-2}


@pytest.fixture(autouse=True)
def unused_memory_is_nan() -> Iterator[None]:
    """What a backend must not read is made to show."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def run(way: str, x: Tensor, routing: Routing, experts: Experts, most: int | None) -> Tensor:
    weights = experts.up_proj.to(x.dtype), experts.down_proj.to(x.dtype)
    if way == "grouped":
        return grouped(x, routing, *weights, ACTIVATIONS[experts.activation], most)
    out: Tensor = sorted_loop(x, routing.weights, routing.selected, *weights, experts.activation)[0]
    return out


def oracle(x: Tensor, routing: Routing, experts: Experts) -> Tensor:
    """Every expert for every token, weighed by the routing."""
    up, down = experts.up_proj.to(x.dtype), experts.down_proj.to(x.dtype)
    hidden = ACTIVATIONS[experts.activation](torch.einsum("td,efd->tef", x, up))
    return (torch.einsum("tef,edf->ted", hidden, down) * routing.weights.to(x.dtype).unsqueeze(2)).sum(1)


def gradients(out: Tensor, wrt: Iterable[Tensor]) -> list[Tensor]:
    direction = torch.linspace(-1, 1, out.numel()).view_as(out).to(out.dtype)
    return list(torch.autograd.grad((out * direction).sum(), list(wrt), retain_graph=True, materialize_grads=True))


def setting(
    policy: str, num_experts: int, tokens: int, seed: int, spread: float, activation: str
) -> tuple[MoE, Tensor]:
    torch.manual_seed(seed)
    router = Router(DIM, num_experts, POLICIES[policy])
    torch.nn.init.normal_(router.linear.weight, std=spread)
    return MoE(router, Experts(DIM, INNER, num_experts, activation)), torch.randn(tokens, DIM)  # type: ignore[arg-type]


@settings(max_examples=120, deadline=None)
@given(
    way=st.sampled_from(WAYS),
    policy=st.sampled_from(sorted(POLICIES)),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    num_experts=st.integers(2, 7),
    padding=st.lists(st.booleans(), min_size=1, max_size=24),
    spread=st.sampled_from([0.0, 0.5, 10.0]),  # equal probabilities; mixed; idle experts
    seed=st.integers(0, 2**31),
)
def test_values_and_all_gradients_equal_the_dense_oracle(
    way: tuple[str, torch.dtype],
    policy: str,
    activation: str,
    num_experts: int,
    padding: list[bool],
    spread: float,
    seed: int,
) -> None:
    backend, dtype = way
    moe, x = setting(policy, num_experts, len(padding), seed, spread, activation)
    x = x.to(dtype).requires_grad_()
    samples = -torch.tensor(padding).long()
    routing = moe.router(x, samples)
    wrt = [x, *moe.experts.to(dtype).parameters(), moe.router.linear.weight]
    got = run(backend, x, routing, moe.experts, moe.router.gating.max_experts)
    wanted = oracle(x, routing, moe.experts)
    assert got.dtype == dtype
    assert (got[samples < 0] == 0).all()
    for mine, theirs in zip([got, *gradients(got, wrt)], [wanted, *gradients(wanted, wrt)], strict=True):
        scale = float(theirs.detach().abs().max()) if theirs.numel() else 1.0
        torch.testing.assert_close(mine, theirs, rtol=0, atol=TOLERANCE[dtype] * max(scale, 1.0))


@pytest.mark.parametrize(("backend", "dtype"), WAYS)
@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_the_same_input_gives_the_same_bits(backend: str, dtype: torch.dtype, policy: str) -> None:
    moe, x = setting(policy, 5, 200, 0, 0.5, "swiglu")
    x = x.to(dtype).requires_grad_()
    routing = moe.router(x, torch.zeros(200, dtype=torch.long))
    wrt = [x, *moe.experts.to(dtype).parameters(), moe.router.linear.weight]
    outs = [run(backend, x, routing, moe.experts, moe.router.gating.max_experts) for _ in range(2)]
    first, second = ([out, *gradients(out, wrt)] for out in outs)
    assert all(map(torch.equal, first, second))


@pytest.mark.parametrize("backend", ["loop", "grouped"])
@pytest.mark.parametrize("tokens", [0, 1])
def test_idle_experts_and_an_empty_batch_leave_zero_gradients(backend: str, tokens: int) -> None:
    moe, x = setting("threshold", 5, 3, 0, 0.5, "swiglu")
    routing = moe.router(x, -(torch.arange(3) >= tokens).long())
    torch.autograd.backward(run(backend, x, routing, moe.experts, 2).sum())
    idle = routing.tokens_per_expert == 0
    assert idle.sum() >= 3
    for weight in moe.experts.parameters():
        assert weight.grad is not None
        assert (weight.grad[idle] == 0).all()


@pytest.mark.parametrize("backend", ["loop", "grouped"])
@pytest.mark.parametrize("policy", ["threshold", "top_p"])
def test_no_tokens_at_all(backend: str, policy: str) -> None:
    moe, _ = setting(policy, 4, 0, 0, 0.5, "gelu")
    x = torch.empty(0, DIM, requires_grad=True)
    routing = moe.router(x, torch.empty(0, dtype=torch.long))
    out = run(backend, x, routing, moe.experts, moe.router.gating.max_experts)
    torch.autograd.backward(out.sum())
    assert out.shape == (0, DIM)
    assert all(weight.grad is not None for weight in moe.parameters())


def test_a_width_that_the_grouped_product_cannot_take_is_told_where_there_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.warns(UserWarning, match="dim and expert_dim are 12 and 16; .* takes multiples of 8"):
        assert not Experts(12, 16, 4).in_rows_of_16_bytes
    assert Experts(16, 24, 4).in_rows_of_16_bytes


def test_padding_gets_no_compute() -> None:
    moe, x = setting("top_2", 4, 12, 0, 0.5, "swiglu")
    samples = torch.tensor([0] * 5 + [-1] * 7)
    routing = moe.router(x, samples)
    _, projected, outputs = sorted_loop(
        x, routing.weights, routing.selected, moe.experts.up_proj, moe.experts.down_proj, "swiglu"
    )
    assert len(projected) == len(outputs) == 10


def test_the_operators_are_what_torch_expects() -> None:
    moe, x = setting("threshold", 4, 12, 0, 0.5, "swiglu")
    routing = moe.router(x, torch.zeros(12, dtype=torch.long)).detach()
    up, down = (weight.detach() for weight in moe.experts.parameters())
    out, projected, outputs = sorted_loop(x, routing.weights, routing.selected, up, down, "swiglu")
    leaves = [tensor.clone().requires_grad_() for tensor in (x, routing.weights, up, down)]
    arguments = (leaves[0], leaves[1], routing.selected, leaves[2], leaves[3], "swiglu")
    utils = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(sorted_loop, arguments, test_utils=(*utils, "test_aot_dispatch_dynamic"))
    backward = (out, projected, outputs, x, routing.weights, routing.selected, up, down, "swiglu")
    torch.library.opcheck(sorted_loop_backward, backward, test_utils=utils)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gradient_of_the_gate_is_that_of_finite_differences(activation: str) -> None:
    moe, x = setting("threshold", 4, 10, 3, 0.5, activation)
    moe = moe.double()
    routing = moe.router(x.double(), torch.zeros(10, dtype=torch.long))
    up, down = (weight.detach() for weight in moe.experts.parameters())

    def layer(x: Tensor, logits: Tensor, up: Tensor, down: Tensor) -> Tensor:
        weights = logits.softmax(1) * routing.selected
        return sorted_loop(x, weights, routing.selected, up, down, activation)[0]  # type: ignore[no-any-return]

    leaves = [tensor.detach().double().requires_grad_() for tensor in (x, routing.logits, up, down)]
    assert torch.autograd.gradcheck(layer, leaves, fast_mode=True)
