"""What a step takes on some number of GPUs, by strategy: computed from sizes and bandwidths, nothing measured."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

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
