import pytest
import torch
from jaxtyping import TypeCheckError

from adaptive_moe.moe import Experts, MoE, Router, Threshold


def test_a_wrong_shape_is_caught_where_it_enters() -> None:
    layer = MoE(Router(8, 4, Threshold()), Experts(8, 6, 4))
    with pytest.raises(TypeCheckError, match="samples"):
        layer(torch.randn(2, 5, 8), torch.zeros(2, 4, dtype=torch.long))
    with pytest.raises(TypeCheckError, match="samples"):
        layer(torch.randn(2, 5, 8), torch.ones(2, 5))
