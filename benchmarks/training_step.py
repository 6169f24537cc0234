"""The whole training step of text completion on a CPU, and what its experts take of it."""

import functools

import torch
from measure import Call, in_turn, ratios
from torch.profiler import ProfilerActivity, profile

from adaptive_moe.data import Batch
from adaptive_moe.moe import AuxLoss, Gating, Threshold, TopK
from adaptive_moe.moe.budget import threshold_for
from adaptive_moe.tasks import TextCompletion


def task(gating: Gating) -> TextCompletion:
    """The default model; it does not move, so that a step is like the one before."""
    torch.manual_seed(0)
    optimizer = functools.partial(torch.optim.AdamW, lr=0.0, weight_decay=0.1, fused=True)
    module = TextCompletion(gating=gating, optimizer=optimizer, aux_loss=AuxLoss(balance_over="all_choices"))
    module.log = module.log_dict = lambda *_, **__: None  # type: ignore[assignment, method-assign]
    return module


def step(module: TextCompletion, batch: Batch) -> Call:
    """Forward, backward, clip, optimiser."""
    optimizer = module.optimizer(module.parameters())

    def call() -> None:
        optimizer.zero_grad()
        module.training_step(batch, 0)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()

    return call


def share_of_experts(call: Call) -> float:
    """f: the part of a step's time that is spent in the experts' operator, both ways."""
    call()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(5):
            call()
    events = profiler.events()
    experts = sum(event.cpu_time_total for event in events if event.name.startswith("adaptive_moe::sorted_loop"))
    start, end = min(event.time_range.start for event in events), max(event.time_range.end for event in events)
    return float(experts / (end - start))


def against_top_two(experts_per_token: float, rounds: int) -> dict[str, float]:
    """step(k) / step(2): the median and quartiles, and what (1 - f) + f k / 2 says."""
    torch.set_num_threads(2)
    ids = torch.randint(2048, (8, 256), generator=torch.Generator().manual_seed(0))
    batch = Batch(ids, ids, torch.zeros_like(ids))
    gating = Threshold()
    adaptive, top_two = task(gating), task(TopK(2))
    for _ in range(20):  # what a layer does depends on those before it, so that one threshold takes some rounds
        with torch.no_grad():
            routings = list(adaptive.read(batch)[1].values())
        gating.threshold.copy_(threshold_for(gating, routings, experts_per_token))
    with torch.no_grad():
        routings = list(adaptive.read(batch)[1].values())
    used = float(torch.stack([routing.experts_per_token for routing in routings]).float().mean())
    calls = {"adaptive": step(adaptive, batch), "top-2": step(top_two, batch)}
    share = share_of_experts(calls["top-2"])
    seconds = in_turn(calls, "cpu", rounds)
    low, median, high = ratios(seconds["adaptive"], seconds["top-2"])
    predicted = 1 - share + share * used / 2
    return {"k": used, "f": share, "predicted": predicted, "low": low, "median": median, "high": high}
