import pytest
import torch
from torch import Tensor

from adaptive_moe.moe import Experts, Gating, MoE, Router, Threshold
from adaptive_moe.moe.experts import swiglu

DIM, EXPERTS = 8, 4


def layer(gating: Gating) -> MoE:
    torch.manual_seed(0)
    return MoE(Router(DIM, EXPERTS, gating), Experts(DIM, 6, EXPERTS)).double()


def literal(moe: MoE, x: Tensor, threshold: float) -> Tensor:
    """Equations 1 to 3 of the paper, token by token."""
    experts, rows = moe.experts, []
    for token in x:
        probs = (moe.router.linear.weight.float() @ token.float()).softmax(0)
        best, second = probs.argsort(descending=True, stable=True)[:2]
        chosen = [best, second] if probs[best] - probs[second] <= threshold else [best]
        outputs = [
            probs[e] * swiglu(token[None], experts.gate_proj[e], experts.up_proj[e], experts.down_proj[e])[0]
            for e in chosen
        ]
        rows.append(torch.stack(outputs).sum(0))
    return torch.stack(rows)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 1.0])
def test_it_is_the_paper_read_literally_in_values_and_gradients(threshold: float) -> None:
    moe = layer(Threshold(threshold))
    x = torch.randn(2, 9, DIM, dtype=torch.double, requires_grad=True)
    parameters = [x, *moe.parameters()]
    out, _ = moe(x, torch.ones(2, 9, dtype=torch.bool))
    expected = literal(moe, x.view(-1, DIM), threshold).view_as(x)
    torch.testing.assert_close(out, expected, rtol=1e-6, atol=1e-8)
    direction = torch.randn_like(out)
    for got, wanted in zip(
        torch.autograd.grad((out * direction).sum(), parameters),
        torch.autograd.grad((expected * direction).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-7)


def test_padding_is_not_routed_and_changes_nothing() -> None:
    moe = layer(Threshold(0.2))
    x = torch.randn(2, 5, DIM, dtype=torch.double)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], dtype=torch.bool)
    out, routing = moe(x, mask)
    assert len(routing.probs) == int(mask.sum())
    assert (out[~mask] == 0).all()
    other, _ = moe(torch.where(mask[..., None], x, 1e3), mask)
    assert torch.equal(out, other)


def test_every_token_has_an_expert_and_the_record_adds_up() -> None:
    _, routing = layer(Threshold(0.3))(torch.randn(3, 50, DIM).double(), torch.ones(3, 50, dtype=torch.bool))
    assert routing.experts_per_token.min() == 1
    assert routing.experts_per_token.max() == 2
    assert routing.tokens_per_expert.sum() == routing.experts_per_token.sum()
    assert torch.equal(routing.weights > 0, routing.selected)
    torch.testing.assert_close(routing.weights[routing.selected], routing.probs[routing.selected])


@pytest.mark.parametrize("tokens", [0, 1])
def test_idle_experts_and_an_empty_batch_leave_zero_gradients(tokens: int) -> None:
    moe = layer(Threshold(0.0))
    out, routing = moe(torch.randn(1, 3, DIM).double(), torch.arange(3)[None] < tokens)
    out.sum().backward()
    assert routing.tokens_per_expert.sum() == tokens
    idle = routing.tokens_per_expert == 0
    for weight in moe.experts.parameters():
        assert weight.grad is not None
        assert (weight.grad[idle] == 0).all()


def test_a_tie_keeps_the_order_of_the_experts() -> None:
    moe = layer(Threshold(0.0))
    torch.nn.init.zeros_(moe.router.linear.weight)
    _, routing = moe(torch.randn(1, 2, DIM).double(), torch.ones(1, 2, dtype=torch.bool))
    assert routing.selected.tolist() == [[True, True, False, False]] * 2


def test_routing_stays_in_float32_under_autocast() -> None:
    moe = layer(Threshold(0.1)).float()
    x, mask = torch.randn(1, 20, DIM), torch.ones(1, 20, dtype=torch.bool)
    _, exact = moe(x, mask)
    with torch.autocast("cpu", torch.bfloat16):
        out, routing = moe(x, mask)
    assert out.dtype == x.dtype
    assert torch.equal(routing.logits, exact.logits)


def test_one_expert_leaves_nothing_to_choose() -> None:
    with pytest.raises(ValueError, match="num_experts is 1"):
        Router(DIM, 1, Threshold())
