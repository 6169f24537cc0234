"""The sizes of the paper are those of the published models: read from configs/size, and built without memory."""

import re
from typing import Any

import pytest
import torch

from adaptive_moe.model.stack import Stack
from adaptive_moe.moe import MoEConfig

from ..tasks import small

PUBLISHED = {  # vocabulary, layers of a stack, table of positions, parameters
    "bert_base": (30522, 12, 512, 109_482_240),
    "bart_large": (50265, 12, 1026, 406_291_456),
    "gpt2_medium": (50257, 24, 1024, 354_823_168),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_sizes_of_the_paper_come_out_but_for_biases(name: str) -> None:
    vocab_size, layers, positions, published = PUBLISHED[name]
    config = small.arguments("size", name)
    (task,) = re.findall(r"fit --config configs/tasks/(\w+).yaml", (small.CONFIGS / f"size/{name}.yaml").read_text())
    options: dict[str, Any] = config["model"]["init_args"]
    experts = options.pop("moe")
    assert experts.pop("num_experts") == 16
    with torch.device("meta"):
        dense = small.task(task, **options, vocab_size=vocab_size, moe=MoEConfig(**experts, layers=[])).model
    assert sum(parameter.numel() for parameter in dense.parameters()) == pytest.approx(published, rel=0.02)
    tables = [value.shape for name, value in dense.named_parameters() if name.endswith("positions.weight")]
    stacks = [module for module in dense.modules() if isinstance(module, Stack)]
    assert tables == [(positions, options["dim"])] * len(stacks)
    assert [len(stack.blocks) for stack in stacks] == [layers] * len(stacks)
    assert options["dim"] // options["num_heads"] == 64
    assert config["data"]["init_args"]["context_length"] <= positions
