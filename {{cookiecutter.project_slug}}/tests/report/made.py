"""Results that nobody had to train for."""

from collections.abc import Callable

from adaptive_moe.report.results import Failed, Inference, Moment, Results, Run


def run(
    step_ms: float = 100, decay: float = 0.01, experts: float | None = 2.0, quality: float = 0.5, steps: int = 100
) -> Run:
    """Its metric falls from 10 along a curve; it logs and validates every ten steps, each of ten tokens."""
    done = range(10, steps + 1, 10)
    read = Inference(quality={"perplexity": quality, "loss": 1.0}, latency_ms=2.0, tokens_per_second=1000.0)
    return Run(
        options=["--a=b"],
        moments=[Moment(step=step, seconds=step * step_ms / 1000, tokens=10 * step, flops=1e6 * step) for step in done],
        validations=[(step, 10 * (1 - decay) ** step) for step in (0, *done)],
        step_ms=step_ms,
        padding_share=0.25,
        moe_share=0.5 if experts else 0.0,
        mean_experts=experts,
        experts_per_token={"layer_0": experts, "layer_1": experts} if experts else {},
        trained=read,
        top_1=read if experts else None,
    )


def results(runs: dict[str, list[Run | Failed]]) -> Results:
    """Of some schemes, the seeds counted from 0."""
    return Results(
        task="sentiment",
        options=[],
        data="made up",
        metric="perplexity",
        mode="min",
        target=0.9,
        where={"device": "none"},
        runs={name: dict(enumerate(each)) for name, each in runs.items()},
    )


def seeds(make: Callable[[int], Run], number: int = 3) -> list[Run | Failed]:
    """A run for each."""
    return [make(seed) for seed in range(number)]
