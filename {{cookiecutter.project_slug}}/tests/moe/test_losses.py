import pytest
import torch

from adaptive_moe.moe import Routing, load_balancing_loss


def routing(selected: torch.Tensor, probs: torch.Tensor) -> Routing:
    return Routing(probs.log(), probs, selected, probs * selected)


def test_an_even_load_costs_exactly_one() -> None:
    loss = load_balancing_loss(routing(torch.eye(4, dtype=torch.bool), torch.full((4, 4), 0.25)))
    assert loss == 1


def test_collapse_costs_the_number_of_experts() -> None:
    probs = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(5, 4)
    assert load_balancing_loss(routing(probs > 0, probs)) == 4


def test_two_expert_tokens_carry_no_constraint_in_the_load_but_count_in_the_mean() -> None:
    selected = torch.tensor([[True, False, False], [True, True, False], [False, True, False]])
    probs = torch.tensor([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1]])
    expected = 3 * (0.5 * probs[:, 0].mean() + 0.5 * probs[:, 1].mean())
    torch.testing.assert_close(load_balancing_loss(routing(selected, probs)), expected)


@pytest.mark.parametrize("tokens", [0, 3])
def test_without_single_expert_tokens_there_is_nothing_to_balance(tokens: int) -> None:
    probs = torch.full((tokens, 2), 0.5, requires_grad=True)
    loss = load_balancing_loss(routing(torch.ones(tokens, 2, dtype=torch.bool), probs))
    torch.autograd.backward(loss)
    assert loss == 0
    assert probs.grad is not None
    assert torch.isfinite(probs.grad).all()


def test_its_gradient_lightens_the_busy_expert() -> None:
    logits = torch.zeros(4, 2, requires_grad=True)
    busy = torch.tensor([[True, False]] * 3 + [[False, True]])
    torch.autograd.backward(load_balancing_loss(routing(busy, logits.softmax(-1))))
    assert logits.grad is not None
    assert (logits.grad[:, 0] > 0).all()
    assert (logits.grad[:, 1] < 0).all()
