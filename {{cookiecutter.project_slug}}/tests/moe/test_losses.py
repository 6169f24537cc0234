import pytest
import torch

from adaptive_moe.moe import AuxLoss, Routing, load_balancing_loss, router_z_loss


def routing(selected: torch.Tensor, probs: torch.Tensor) -> Routing:
    return Routing(probs.log(), probs, probs, selected, probs * selected)


def both(record: Routing) -> list[float]:
    return [float(load_balancing_loss([record], over)) for over in ("single_expert_tokens", "all_choices")]


def test_an_even_load_costs_exactly_one() -> None:
    assert both(routing(torch.eye(4, dtype=torch.bool), torch.full((4, 4), 0.25))) == [1, 1]


def test_collapse_costs_the_number_of_experts_divided_by_the_choices_of_a_token() -> None:
    probs = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(5, 4)
    assert both(routing(probs > 0, probs)) == [4, 4]
    probs = torch.tensor([[0.5, 0.5, 0.0, 0.0]]).expand(5, 4)
    assert both(routing(probs > 0, probs)) == [0, 2]


def test_two_expert_tokens_carry_no_constraint_in_the_load_but_count_in_the_mean() -> None:
    selected = torch.tensor([[True, False, False], [True, True, False], [False, True, False]])
    probs = torch.tensor([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1]])
    mean = probs.mean(0)
    expected = float(3 * (mean[:2] / 2).sum())
    assert both(routing(selected, probs)) == pytest.approx([expected, expected])
    selected[0, 2] = True  # now only the last token uses one expert
    single, every = 3 * mean[1], 3 * (mean * torch.tensor([2, 2, 1]) / 5).sum()
    assert both(routing(selected, probs)) == pytest.approx([float(single), float(every)])


def test_padding_counts_nowhere() -> None:
    probs = torch.tensor([[0.7, 0.3], [0.2, 0.8], [0.9, 0.1]])
    selected = torch.tensor([[True, False], [False, True], [False, False]])
    padded, real = routing(selected, probs), routing(selected[:2], probs[:2])
    assert both(padded) == both(real)
    assert router_z_loss([padded]) == router_z_loss([real])


@pytest.mark.parametrize("tokens", [0, 3])
def test_without_single_expert_tokens_there_is_nothing_to_balance(tokens: int) -> None:
    probs = torch.full((tokens, 2), 0.5, requires_grad=True)
    loss = load_balancing_loss([routing(torch.ones(tokens, 2, dtype=torch.bool), probs)], "single_expert_tokens")
    torch.autograd.backward(loss)
    assert loss == 0
    assert probs.grad is not None
    assert torch.isfinite(probs.grad).all()


def test_its_gradient_lightens_the_busy_expert() -> None:
    logits = torch.zeros(4, 2, requires_grad=True)
    busy = torch.tensor([[True, False]] * 3 + [[False, True]])
    torch.autograd.backward(load_balancing_loss([routing(busy, logits.softmax(-1))], "single_expert_tokens"))
    assert logits.grad is not None
    assert (logits.grad[:, 0] > 0).all()
    assert (logits.grad[:, 1] < 0).all()


def test_the_z_loss_is_the_mean_square_of_the_log_partition() -> None:
    probs = torch.tensor([[0.5, 0.5], [0.9, 0.1]])
    record = routing(probs > 0.4, probs)._replace(logits=probs.log() + torch.tensor([[3.0], [1.0]]))
    assert float(router_z_loss([record])) == pytest.approx((9 + 1) / 2)


def test_layers_are_summed_and_then_weighted() -> None:
    even = routing(torch.eye(4, dtype=torch.bool), torch.full((4, 4), 0.25))
    one = AuxLoss(load_balancing_weight=0.5)([even])
    assert one == 0.5
    assert AuxLoss(load_balancing_weight=0.5)([even] * 3) == 1.5
    both_losses = AuxLoss(load_balancing_weight=0.5, router_z_weight=2.0)([even] * 3)
    torch.testing.assert_close(both_losses, 1.5 + 2.0 * router_z_loss([even] * 3))


def test_nothing_routed_or_nothing_asked_costs_nothing() -> None:
    assert AuxLoss()([]) == 0
    even = routing(torch.eye(4, dtype=torch.bool), torch.full((4, 4), 0.25))
    assert AuxLoss(load_balancing_weight=0.0)([even]) == 0


@pytest.mark.parametrize("name", ["load_balancing_weight", "router_z_weight"])
def test_negative_weights_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1"):
        AuxLoss(**{name: -1.0})  # type: ignore[arg-type]
