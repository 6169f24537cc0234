"""The tables of docs/scaling.md, from what docs/costs.py computes.

python docs/scaling.py
python docs/scaling.py --check

Nothing here is measured. With `--check` nothing is written, and the exit code says whether the page is up to date.
"""

from dataclasses import fields
from pathlib import Path

from costs import STRATEGIES, Cluster, Model, travel
from marks import filled, write_or_check

PAGE = Path(__file__).parent / "scaling.md"
GPUS = [2**power for power in range(11)]
MODELS = [
    Model("the paper's GPT-2 medium, 16 experts", 24, 1024, 16, 4096, 2, 50257, 16384),
    Model("wider, 64 small experts", 24, 2048, 64, 1408, 3, 50257, 16384),
]
USED = 1.25  # experts per token, but where a table says otherwise


def fastest(model: Model, cluster: Cluster, ranks: int, used: float = USED) -> str:
    """Of the strategies that fit into memory."""
    steps = {name: strategy(model, cluster, ranks, used) for name, strategy in STRATEGIES.items()}
    times = {name: step.seconds for name, step in steps.items() if step and step.memory <= cluster.memory}
    return min(times, key=times.__getitem__, default="none fits")


def rows_of(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def assumptions(cluster: Cluster) -> str:
    """Every number of the cluster."""
    rows = [
        [f"`{each.name}`", f"{getattr(cluster, each.name):.4g} {each.metadata['unit']}".strip(), each.metadata["says"]]
        for each in fields(cluster)
    ]
    return rows_of(["", "value", "of what, and from where"], rows)


def sizes() -> str:
    """Of the models."""
    rows = [
        [
            model.name,
            f"{model.layers} x {model.dim}",
            f"{model.experts} x {model.expert_dim}",
            f"{(model.dense + model.all_experts) / 1e9:.1f} billion",
            f"{model.all_experts / (model.dense + model.all_experts):.0%}",
            f"{model.tokens:,}",
        ]
        for model in MODELS
    ]
    return rows_of(["model", "layers x width", "experts x width", "parameters", "in experts", "tokens a GPU"], rows)


def scaling(model: Model, cluster: Cluster) -> str:
    """Memory and time of each strategy, by the number of GPUs."""
    head = [
        "GPUs",
        *(f"{name}: GB" for name in STRATEGIES),
        *(f"{name}: ms" for name in STRATEGIES),
        "fastest that fits",
    ]
    rows = []
    for ranks in GPUS:
        steps = [strategy(model, cluster, ranks, USED) for strategy in STRATEGIES.values()]
        memory = [f"{step.memory / 1e9:.0f}" if step else "-" for step in steps]
        times = [f"{1e3 * step.seconds:.0f} ({1e3 * step.exposed:.0f})" if step else "-" for step in steps]
        rows.append([str(ranks), *memory, *times, fastest(model, cluster, ranks)])
    return rows_of(head, rows)


def experts_per_token(model: Model, cluster: Cluster) -> str:
    """What fewer of them save, by strategy."""
    rows = []
    for ranks in (1, 8, 16, 64):
        for used in (1.0, 1.25, 2.0):
            steps = [strategy(model, cluster, ranks, used) for strategy in STRATEGIES.values()]
            there = travel(model, cluster, ranks, used) if steps[-1] and ranks > 1 else None
            rows.append(
                [
                    str(ranks),
                    f"{used:.2f}",
                    *(f"{1e3 * step.seconds:.0f}" if step else "-" for step in steps),
                    "-" if there is None else f"{1e3 * there:.0f}",
                ]
            )
    return rows_of(["GPUs", "experts per token", *(f"{name}: ms" for name in STRATEGIES), "of it all-to-alls"], rows)


def hidden(cluster: Cluster) -> str:
    """Tokens of a GPU from which DDP's all-reduce lies behind backward."""
    rows = []
    for model in MODELS:
        for ranks in (2, 8, 16, 1024):
            reduced = 2 * cluster.scatter(4 * (model.dense + model.all_experts), ranks)
            tokens = reduced / (model.compute(cluster, USED) * 2 / 3 / model.tokens)
            rows.append([model.name, str(ranks), f"{tokens:,.0f}", f"{tokens * USED / model.experts:,.0f}"])
    return rows_of(["model", "GPUs", "tokens a GPU", "of them for each expert"], rows)


def main() -> None:
    """Write, or check."""
    cluster = Cluster()
    made = {"assumptions": assumptions(cluster), "sizes": sizes(), "hidden": hidden(cluster)}
    for name, model in zip(("medium", "wide"), MODELS, strict=True):
        made |= {name: scaling(model, cluster), f"{name}-used": experts_per_token(model, cluster)}
    write_or_check(__doc__, [(PAGE, filled(PAGE.read_text("utf-8"), "scaling.py", made))])


if __name__ == "__main__":
    main()
