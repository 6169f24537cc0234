"""Layers to measure, and the rows that come of it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from measure import Call, in_turn, ratios
from torch import Tensor, nn

from adaptive_moe.moe import Experts, FeedForward, Gating, MoE, Router, Routing
from adaptive_moe.moe.activation import ActivationName

Forward = Callable[[Tensor], Tensor]
NUM_EXPERTS = 16
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass
class Row:
    """One cell of the table."""

    what: str
    against: str
    setting: str
    low: float
    median: float
    high: float
    goal: float | None = None

    def __str__(self) -> str:
        figures = f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"
        goal = f"<= {self.goal:.2f} {'reached' if self.median <= self.goal else 'missed'}" if self.goal else ""
        return f"{self.what:<32} / {self.against:<39} {self.setting:<44} {figures:<24} {goal}"


class Bench:
    """Layers of one width on one device and in one precision."""

    compiled = False

    def __init__(self, device: str, dtype: str, threads: int, dim: int, tokens: int, rounds: int) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(threads)
        self.device, self.dtype, self.rounds = device, DTYPES[dtype], rounds
        self.dim, self.tokens, self.expert_dim = dim, tokens, 4 * dim
        self.setting = f"{dtype}, d {dim}, {tokens} tokens" + (f", threads {threads}" if device == "cpu" else "")
        self.x = torch.randn(tokens, dim, device=device, dtype=self.dtype, requires_grad=True)
        self.direction = torch.randn_like(self.x)
        self.samples = torch.zeros(1, tokens, dtype=torch.long, device=device)

    def step(self, module: nn.Module, forward: Forward) -> Call:
        """Forward and backward, with new gradients as in training."""

        def call() -> None:
            module.zero_grad(set_to_none=True)
            self.x.grad = None
            torch.autograd.backward(forward(self.x), self.direction)

        return call

    def moe(self, gating: Gating, activation: ActivationName = "swiglu") -> Call:
        """Router and experts."""
        router = Router(self.dim, NUM_EXPERTS, gating).to(self.device)
        experts = Experts(self.dim, self.expert_dim, NUM_EXPERTS, activation).to(self.device, self.dtype)
        layer = MoE(router, experts)
        self.compile(layer)
        return self.step(layer, lambda x: layer(x.unsqueeze(0), self.samples)[0].squeeze(0))

    def dense(self, experts_per_token: float, activation: ActivationName = "swiglu") -> Call:
        """The same active FLOPs in one network."""
        width = round(experts_per_token * self.expert_dim)
        layer = FeedForward(self.dim, width, activation).to(self.device, self.dtype)
        self.compile(layer)
        return self.step(layer, layer)

    def compile(self, layer: nn.Module) -> None:
        """Where it is asked for; on a GPU with graphs, so that launches cost nothing."""
        if self.compiled:
            torch._dynamo.config.capture_dynamic_output_shape_ops = True
            layer.compile(mode="reduce-overhead" if self.device == "cuda" else "default")

    def loads(self, tokens_per_expert: list[int]) -> Call:
        """Experts alone under a load that is given; one expert a token."""
        experts = Experts(self.dim, self.expert_dim, NUM_EXPERTS).to(self.device, self.dtype)
        chosen = torch.arange(NUM_EXPERTS).repeat_interleave(torch.tensor(tokens_per_expert))
        selected = nn.functional.one_hot(chosen[torch.randperm(len(chosen))], NUM_EXPERTS).bool().to(self.device)
        probs = selected.float()
        routing = Routing(probs, probs, probs, selected, probs)
        return self.step(experts, lambda x: experts(x, routing, 1))

    def compare(self, what: str, one: Call, against: str, other: Call, goal: float | None) -> Row:
        """One in turn with the other."""
        seconds = in_turn({"one": one, "other": other}, self.device, self.rounds)
        return Row(what, against, self.setting, *ratios(seconds["one"], seconds["other"]), goal)
