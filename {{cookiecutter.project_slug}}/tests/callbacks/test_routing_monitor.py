import torch

from adaptive_moe.callbacks.routing_monitor import layer_scalars


def test_scalars_of_a_known_load() -> None:
    names = ["layer_0", "layer_1"]
    loads = torch.tensor([[6.0, 2.0], [3.0, 9.0]])
    values = {tag: float(value) for tag, value in layer_scalars(names, loads, torch.tensor([8, 8]), steps=2).items()}
    assert values == {
        "routing/layer_0/experts_per_token": 1.0,
        "routing/layer_0/tokens_per_expert/0": 3.0,
        "routing/layer_0/tokens_per_expert/1": 1.0,
        "routing/layer_1/experts_per_token": 1.5,
        "routing/layer_1/tokens_per_expert/0": 1.5,
        "routing/layer_1/tokens_per_expert/1": 4.5,
    }
