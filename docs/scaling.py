"""The tables of docs/scaling.md: what a step takes on 1 to 1024 GPUs, computed from sizes and bandwidths.

python docs/scaling.py
python docs/scaling.py --check

Nothing here is measured. With `--check` nothing is written, and the exit code says whether the page is up to date.
"""

import argparse
import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent / "scaling.md"
GPUS = [2**power for power in range(11)]
TRAINED = 16  # bytes of a parameter: weight, gradient and AdamW's two moments, in float32


def given(value: float, unit: str, says: str) -> float:
    """A number, and where it comes from."""
    return field(default=value, metadata={"unit": unit, "says": says})


@dataclass(frozen=True)
class Cluster:
    """Seconds, bytes, operations."""

    flops: float = given(989e12, "operations / s", "bfloat16, dense: data sheet of the H100 SXM")
    utilisation: float = given(0.4, "", "share of them that products reach; assumed")
    memory: float = given(80e9, "bytes", "data sheet of the H100 SXM")
    node: float = given(8, "GPUs", "of one machine, all connected by NVLink")
    inside: float = given(450e9, "bytes / s", "NVLink 4, each direction: half of the data sheet's 900 GB/s")
    between: float = given(50e9, "bytes / s", "InfiniBand NDR, 400 Gbit/s for each GPU, each direction")
    reached: float = given(0.8, "", "share of both bandwidths that collectives reach; assumed")
    latency: float = given(10e-6, "s", "of each doubling of the ranks in a collective; assumed")
    wait: float = given(100e-6, "s", "of the host for the counts of a layer, with the launches behind it; assumed")
    imbalance: float = given(1.2, "", "the fullest rank's tokens over the mean, with experts on many ranks; assumed")

    def scatter(self, size: float, ranks: int) -> float:
        """A reduce-scatter of `size` bytes, or the all-gather back: in each machine, then between them."""
        inside = min(ranks, self.node)
        near, far = size * (1 - 1 / inside), size / inside * (1 - inside / ranks)
        return near / (self.inside * self.reached) + far / (self.between * self.reached) + self.start(ranks)

    def all_to_all(self, size: float, ranks: int) -> float:
        """`size` bytes of each rank, evenly to all of them, itself too: the slower of the two ways."""
        inside = min(ranks, self.node)
        near, far = size * (inside - 1) / ranks, size * (ranks - inside) / ranks
        return max(near / (self.inside * self.reached), far / (self.between * self.reached)) + self.start(ranks)

    def start(self, ranks: int) -> float:
        """Of a collective."""
        return self.latency * math.log2(ranks)


class Model(NamedTuple):
    """Sizes, and the tokens of a GPU in one step."""

    name: str
    layers: int
    dim: int
    experts: int
    expert_dim: int
    projections: int
    vocab: int
    tokens: int

    @property
    def expert(self) -> int:
        """Parameters of one."""
        return self.projections * self.dim * self.expert_dim

    @property
    def all_experts(self) -> int:
        """Parameters of those of all layers."""
        return self.layers * self.experts * self.expert

    @property
    def dense(self) -> int:
        """Attention, routers and embedding."""
        return self.layers * (4 * self.dim**2 + self.dim * self.experts) + self.vocab * self.dim

    def activations(self, used: float) -> float:
        """Bytes in bfloat16: sixteen times the width in each layer (assumed), and what experts keep of each token."""
        kept = 16 * self.dim + used * ((self.projections - 1) * self.expert_dim + self.dim)
        return 2 * self.tokens * self.layers * kept

    def ranks_of_a_token(self, used: float, ranks: int) -> float:
        """That it goes to, of those that share the experts, if it has one expert or two, wherever they are."""
        apart = 1 - (self.experts / ranks - 1) / (self.experts - 1)  # chance that the second is elsewhere
        return 1 + (used - 1) * apart

    def compute(self, cluster: Cluster, used: float, imbalance: float = 1.0) -> float:
        """Seconds of forward and backward."""
        active = self.dense + used * imbalance * self.layers * self.expert
        return 6 * self.tokens * active / (cluster.flops * cluster.utilisation)


class Step(NamedTuple):
    """Of one rank: bytes, seconds of computing, seconds in which it waits for others."""

    memory: float
    compute: float
    exposed: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.compute + self.exposed


def ddp(model: Model, cluster: Cluster, ranks: int, used: float) -> Step:
    """All-reduce of float32 gradients, behind the two thirds of a step that are backward."""
    parameters, compute = model.dense + model.all_experts, model.compute(cluster, used)
    reduced = 2 * cluster.scatter(4 * parameters, ranks)
    return Step(TRAINED * parameters + model.activations(used), compute, max(reduced - compute * 2 / 3, 0))


def fsdp(model: Model, cluster: Cluster, ranks: int, used: float) -> Step:
    """Everything sharded: bfloat16 weights gathered twice, gradients scattered in float32, behind the whole step."""
    parameters, compute = model.dense + model.all_experts, model.compute(cluster, used)
    moved = 2 * cluster.scatter(2 * parameters, ranks) + cluster.scatter(4 * parameters, ranks)
    gathered = 2 * 2 * parameters / model.layers if ranks > 1 else 0  # one layer, and the next
    memory = TRAINED * parameters / ranks + gathered + model.activations(used)
    return Step(memory, compute, max(moved - compute, 0))


def expert_parallel(model: Model, cluster: Cluster, ranks: int, used: float) -> Step | None:
    """Experts on all ranks, which must divide their number; four all-to-alls a layer, which nothing hides."""
    if model.experts % ranks:
        return None
    imbalance = cluster.imbalance if ranks > 1 else 1.0
    compute = model.compute(cluster, used, imbalance)
    reduced = max(2 * cluster.scatter(4 * model.dense, ranks) - compute * 2 / 3, 0)
    memory = TRAINED * (model.dense + model.all_experts / ranks) + model.activations(used)
    return Step(memory, compute, reduced + (travel(model, cluster, ranks, used) if ranks > 1 else 0))


def travel(model: Model, cluster: Cluster, ranks: int, used: float) -> float:
    """Seconds of a step's all-to-alls, in bfloat16: there and back, forward and backward; and of waits for counts."""
    size = 2 * model.tokens * model.ranks_of_a_token(used, ranks) * model.dim * cluster.imbalance
    return model.layers * (4 * cluster.all_to_all(size, ranks) + cluster.wait)


Strategy = Callable[[Model, Cluster, int, float], Step | None]
STRATEGIES: dict[str, Strategy] = {"DDP": ddp, "FSDP": fsdp, "expert parallel": expert_parallel}
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


def page(text: str) -> str:
    """With its tables made anew."""
    cluster = Cluster()
    made = {"assumptions": assumptions(cluster), "sizes": sizes(), "hidden": hidden(cluster)}
    for name, model in zip(("medium", "wide"), MODELS, strict=True):
        made |= {name: scaling(model, cluster), f"{name}-used": experts_per_token(model, cluster)}
    for name, table in made.items():
        mark = rf"(<!-- {name}: made by docs/scaling.py -->\n).*?(<!-- end -->)"
        text = re.sub(mark, lambda match, new=table: f"{match[1]}\n{new}\n\n{match[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
    text = PAGE.read_text("utf-8")
    if parser.parse_args().check:
        sys.exit(page(text) != text)
    PAGE.write_text(page(text), "utf-8")


if __name__ == "__main__":
    main()
