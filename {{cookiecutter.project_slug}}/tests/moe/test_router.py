import pytest
import torch

from adaptive_moe.moe import Router, Routing, SequenceBudget, Threshold, TopK, TopP

TOKENS = torch.linspace(-2, 2, 48).view(6, 8)
REAL = torch.zeros(6, dtype=torch.long)


def router(**options: object) -> Router:
    torch.manual_seed(1)
    return Router(8, 4, **{"gating": Threshold(0.1), **options})  # type: ignore[arg-type]


def route(**options: object) -> Routing:
    routing: Routing = router(**options)(TOKENS, REAL)
    return routing


def test_a_tie_keeps_the_order_of_the_experts() -> None:
    tied = router(gating=Threshold(0.0))
    torch.nn.init.zeros_(tied.linear.weight)
    assert tied(TOKENS, REAL).selected.tolist() == [[True, True, False, False]] * 6


def test_padding_selects_nothing_and_weighs_nothing() -> None:
    routing = router(combine="renormalised")(TOKENS, torch.tensor([0, -1, 2, -1, 0, 0]))
    assert routing.mask.tolist() == [True, False, True, False, True, True]
    assert (routing.weights[[1, 3]] == 0).all()


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
def test_raw_weights_are_the_scores_and_renormalised_ones_sum_to_one(scores: str) -> None:
    raw, renormalised = (route(scores=scores, combine=combine) for combine in ("raw", "renormalised"))
    expected = raw.logits.softmax(1) if scores == "softmax" else raw.logits.sigmoid()
    torch.testing.assert_close(raw.weights, expected * raw.selected)
    torch.testing.assert_close(renormalised.weights.sum(1), torch.ones(6))
    torch.testing.assert_close(renormalised.weights * raw.weights.sum(1, keepdim=True), raw.weights)


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
def test_probs_are_a_distribution_in_the_order_of_the_scores(scores: str) -> None:
    routing = route(scores=scores)
    torch.testing.assert_close(routing.probs.sum(1), torch.ones(6))
    assert torch.equal(routing.probs.argsort(1), routing.logits.argsort(1))


@pytest.mark.parametrize(("combine", "teaches"), [("raw", True), ("renormalised", False)])
def test_renormalised_weights_of_single_expert_tokens_teach_the_router_nothing(combine: str, teaches: bool) -> None:
    single = router(gating=TopK(1), combine=combine)
    single(TOKENS, REAL).weights.square().sum().backward()
    assert single.linear.weight.grad is not None
    assert bool((single.linear.weight.grad.abs() > 1e-6).any()) is teaches


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
@pytest.mark.parametrize("gap", ["raw", "renormalised"])
def test_a_bias_selects_and_does_not_weigh(scores: str, gap: str) -> None:
    biased = router(gating=Threshold(0.0, gap), scores=scores, selection_bias=True)  # type: ignore[arg-type]
    plain = route(gating=Threshold(0.0, gap), scores=scores)  # type: ignore[arg-type]
    unmoved = biased(TOKENS, REAL)
    assert torch.equal(unmoved.selected, plain.selected)
    assert biased.bias is not None
    biased.bias[3] = 2.0
    routing = biased(TOKENS, REAL)
    assert routing.selected.tolist() == [[False, False, False, True]] * 6
    assert torch.equal(routing.probs, plain.probs)
    expected = plain.logits.softmax(1) if scores == "softmax" else plain.logits.sigmoid()
    torch.testing.assert_close(routing.weights[:, 3], expected[:, 3])


def test_the_gap_is_that_of_the_biased_scores() -> None:
    biased = router(gating=Threshold(0.05), selection_bias=True)
    torch.nn.init.zeros_(biased.linear.weight)  # 0.25 each
    assert biased.bias is not None
    biased.bias[:2] = torch.tensor([0.2, 0.16])
    assert biased(TOKENS, REAL).experts_per_token.tolist() == [2] * 6
    biased.bias[1] = 0.1
    assert biased(TOKENS, REAL).experts_per_token.tolist() == [1] * 6


def test_a_bias_moves_against_the_load() -> None:
    biased = router(selection_bias=True)
    biased.move_bias(torch.tensor([8.0, 0, 4, 4]), rate=0.001)
    assert biased.bias is not None
    torch.testing.assert_close(biased.bias, torch.tensor([-0.001, 0.001, 0.0, 0.0]))
    for _ in range(100):
        biased.move_bias(torch.tensor([16.0, 0, 0, 0]), rate=0.001)
    torch.testing.assert_close(biased.bias.mean(), torch.tensor(0.0))  # or the renormalised gap would shrink
    assert biased.bias.argmin() == 0


def test_threshold_and_bias_stay_in_float32_when_the_model_is_cast() -> None:
    cast = router(selection_bias=True).to(torch.bfloat16)
    cast.move_bias(torch.tensor([8.0, 0, 4, 4]), rate=0.001)
    assert isinstance(cast.gating, Threshold)
    assert cast.gating.threshold.dtype == cast.state_dict()["bias"].dtype == torch.float32
    assert cast.gating.threshold == torch.tensor(0.1)
    assert "gating.threshold" not in cast.state_dict()  # the config says it
    assert cast.linear.weight.dtype == torch.bfloat16
    assert cast(TOKENS.bfloat16(), REAL).logits.dtype == torch.float32


def test_routing_stays_in_float32_under_autocast() -> None:
    exact = router()(TOKENS, REAL)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(router()(TOKENS, REAL).logits, exact.logits)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_experts": 1}, "num_experts is 1; Threshold chooses up to 2"),
        ({"num_experts": 1, "gating": SequenceBudget()}, "num_experts is 1"),
        ({"gating": TopK(5)}, "num_experts is 4; TopK chooses up to 5"),
        ({"gating": TopP(0.5), "scores": "sigmoid"}, "gating is TopP, which sums probabilities"),
        ({"gating": TopP(0.5), "selection_bias": True}, "gating is TopP, which sums probabilities"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Router(8, **{"num_experts": 4, "gating": Threshold(), **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
@pytest.mark.parametrize("combine", ["raw", "renormalised"])
def test_the_gradient_of_the_router_is_that_of_finite_differences(scores: str, combine: str) -> None:
    gate, direction, step = router(scores=scores, combine=combine, gating=TopK(2)), torch.randn(4, 8), 1e-3
    values = torch.linspace(-1, 1, 24).view(6, 4)

    def loss(shift: float) -> torch.Tensor:
        with torch.no_grad():
            gate.linear.weight += shift * direction
        total: torch.Tensor = (gate(TOKENS, REAL).weights * values).sum()
        with torch.no_grad():
            gate.linear.weight -= shift * direction
        return total

    torch.autograd.backward(loss(0.0))
    assert gate.linear.weight.grad is not None
    slope = (loss(step) - loss(-step)).detach() / (2 * step)
    torch.testing.assert_close((gate.linear.weight.grad * direction).sum(), slope, rtol=1e-2, atol=1e-4)


def test_scores_that_underflow_give_no_nan() -> None:
    low = router(scores="sigmoid")
    torch.nn.init.constant_(low.linear.weight, -1e4)
    assert low(TOKENS.abs() + 1, REAL).probs.isfinite().all()


def test_one_expert_is_enough_for_top_one() -> None:
    assert Router(8, 1, TopK(1))(TOKENS, REAL).tokens_per_expert.tolist() == [6]
