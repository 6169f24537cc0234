import pytest
import torch
from torch import Tensor

from adaptive_moe.moe import Experts, FeedForward, Gating, MoE, Router, Threshold, TopK

DIM, EXPERTS = 8, 4


def layer(gating: Gating, shared: FeedForward | None = None) -> MoE:
    torch.manual_seed(0)
    return MoE(Router(DIM, EXPERTS, gating), Experts(DIM, 6, EXPERTS, "gelu"), shared).double()


def literal(moe: MoE, x: Tensor, threshold: float) -> Tensor:
    """Equations 1 to 3 of the paper, token by token."""
    up, down, rows = moe.experts.up_proj, moe.experts.down_proj, []
    for token in x:
        probs = (moe.router.linear.weight.float() @ token.float()).softmax(0)
        best, second = probs.argsort(descending=True, stable=True)[:2]
        chosen = [best, second] if probs[best] - probs[second] <= threshold else [best]
        outputs = [probs[e] * (down[e] @ torch.nn.functional.gelu(up[e] @ token)) for e in chosen]
        rows.append(torch.stack(outputs).sum(0))
    return torch.stack(rows)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 1.0])
def test_it_is_the_paper_read_literally_in_values_and_gradients(threshold: float) -> None:
    moe = layer(Threshold(threshold))
    x = torch.randn(2, 9, DIM, dtype=torch.double, requires_grad=True)
    parameters = [x, *moe.parameters()]
    out, _ = moe(x, torch.zeros(2, 9, dtype=torch.long))
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
    samples = torch.tensor([[0, 0, 0, -1, -1], [1, -1, 1, 2, -1]])
    mask = samples >= 0
    out, routing = moe(x, samples)
    assert torch.equal(routing.mask, mask.flatten())
    assert (out[~mask] == 0).all()
    other, _ = moe(torch.where(mask[..., None], x, 1e3), samples)
    assert torch.equal(out, other)


def test_every_token_has_an_expert_and_the_record_adds_up() -> None:
    _, routing = layer(Threshold(0.3))(torch.randn(3, 50, DIM).double(), torch.zeros(3, 50, dtype=torch.long))
    assert routing.experts_per_token.min() == 1
    assert routing.experts_per_token.max() == 2
    assert routing.tokens_per_expert.sum() == routing.experts_per_token.sum()
    assert torch.equal(routing.weights > 0, routing.selected)


@pytest.mark.parametrize(("threshold", "k"), [(0.0, 1), (1.0, 2)])
def test_the_limits_of_the_threshold_are_top_one_and_top_two(threshold: float, k: int) -> None:
    x, samples = torch.randn(1, 40, DIM).double(), torch.zeros(1, 40, dtype=torch.long)
    assert torch.equal(layer(Threshold(threshold))(x, samples)[0], layer(TopK(k))(x, samples)[0])


def test_shared_experts_are_added_for_every_token() -> None:
    shared = FeedForward(DIM, 12).double()
    x, samples = torch.randn(1, 7, DIM).double(), torch.zeros(1, 7, dtype=torch.long)
    alone, both = layer(Threshold(0.2))(x, samples)[0], layer(Threshold(0.2), shared)(x, samples)[0]
    torch.testing.assert_close(both, alone + shared(x))


def test_autocast_gives_low_precision_and_full_precision_gradients() -> None:
    moe = layer(Threshold(0.1)).float()
    x, samples = torch.randn(1, 20, DIM), torch.zeros(1, 20, dtype=torch.long)
    exact, _ = moe(x, samples)
    with torch.autocast("cpu", torch.bfloat16):
        out, _ = moe(x, samples)
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    assert all(parameter.grad is not None and parameter.grad.dtype == torch.float32 for parameter in moe.parameters())
    torch.testing.assert_close(out.float(), exact, rtol=0, atol=0.05)
