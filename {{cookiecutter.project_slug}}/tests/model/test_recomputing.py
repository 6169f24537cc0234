"""Blocks that are computed again in backward."""

import pytest
import torch

from .models import KINDS, build, hidden


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_the_same_and_less_is_kept(kind: str) -> None:
    found = []
    for recomputes in (False, True):
        model, kept = build(kind), 0

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal kept
            kept += tensor.numel()
            return tensor

        for module in model.modules():
            if hasattr(module, "recomputes"):
                setattr(module, "recomputes", recomputes)  # noqa: B010 - a module may have any
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = hidden(model).square().sum()
        torch.autograd.backward(loss)
        found.append(({name: each.grad for name, each in model.named_parameters()}, kept))
    (plain, all_kept), (again, few_kept) = found
    for name, gradient in plain.items():
        other = again[name]
        if gradient is None or other is None:
            assert gradient is other
        else:
            assert torch.equal(gradient, other)
    assert few_kept < all_kept / 2
