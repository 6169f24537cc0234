"""The whole model in one graph, in a process of its own: shape checks would break it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
PROGRAM = """
import train, torch
from adaptive_moe.moe import MoEConfig, Threshold
from adaptive_moe.tasks import TextCompletion

dtype = torch.{dtype}
torch._dynamo.config.capture_dynamic_output_shape_ops = True
torch.manual_seed(0)
sizes = dict(vocab_size=50, dim=32, num_layers=2, num_heads=2, moe=MoEConfig(num_experts=4, expert_dim=32))
model = TextCompletion(gating=Threshold(0.1), optimizer=lambda parameters: None, **sizes).model
ids = torch.randint(50, (2, 64))
samples = torch.zeros_like(ids)
samples[1, 50:] = -1


def step(forward):
    model.zero_grad()
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        hidden, routings = forward(ids, samples)
    hidden.float().square().mean().backward()
    return [hidden.detach(), *(parameter.grad for parameter in model.parameters())], routings


compiled = torch.compile(model, fullgraph=True)
for spread in (1.0, 3.0):  # as many rows as the routing asks for, the second time others
    for block in model.blocks:
        block.feed_forward.router.linear.weight.data.mul_(spread)
    (wanted, routings), (got, compiled_routings) = step(model), step(compiled)
    for name in routings:
        assert torch.equal(routings[name].selected, compiled_routings[name].selected)
    for mine, theirs in zip(got, wanted):
        torch.testing.assert_close(mine, theirs, rtol=0, atol={tolerance} * max(float(theirs.abs().max()), 1e-3))
print("graphs alike")
"""


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-4), pytest.param("bfloat16", 0.1, marks=pytest.mark.soak)]
)
def test_the_model_compiles_without_a_break_and_gives_the_same(dtype: str, tolerance: float) -> None:
    program = PROGRAM.format(dtype=dtype, tolerance=tolerance)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "graphs alike\n", done.stderr[-3000:]


@pytest.mark.timeout(600)
def test_the_option_trains_without_a_break(tiny: list[str], tmp_path: Path) -> None:
    options = ["--model.compile=true", "--trainer.max_steps=3", "--trainer.limit_val_batches=1"]
    options += ["--config", str(ROOT / "configs/gating/top_p.yaml"), "--model.moe.shared_experts=1"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), "fit", *tiny, *options],
        cwd=tmp_path,
        env={**os.environ, "TORCH_LOGS": "graph_breaks"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "FLOPs per token" in done.stdout
    assert "raph break" not in done.stderr
