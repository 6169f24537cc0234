"""Ordering and planning epochs of many samples, each in a process of its own, on one core."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from adaptive_moe.data import Complexity, LengthBucketed, Order, Random
from adaptive_moe.data.batching import Batching
from adaptive_moe.data.plan import Plan

ORDERS: dict[str, Order] = {
    "Random": Random(),
    "LengthBucketed": LengthBucketed(),
    "Complexity paper": Complexity("paper"),
    "Complexity magnitude": Complexity("magnitude"),
    "Complexity magnitude, temperature 0.1": Complexity("magnitude", temperature=0.1),
}
BATCHINGS = {
    "packed": Batching(256, 8, None),
    "8 rows": Batching(None, 8, None),
    "2048 tokens": Batching(None, None, 2048),
}

Row = dict[str, object]


def ordering_rows(most: int, layers: int) -> Iterator[Row]:
    """Every order at the full size; the growth of one; every way to make batches."""
    for order in ORDERS:
        yield measured(order, "packed", most, layers)
    for samples in (most // 4, most // 2):
        yield measured("Complexity magnitude", "packed", samples, layers)
    for batching in list(BATCHINGS)[1:]:
        yield measured("Random", batching, most, layers)


def measured(order: str, batching: str, samples: int, layers: int) -> Row:
    """In a new process: a peak of memory never falls."""
    call = f"import data, ordering; ordering.report({order!r}, {batching!r}, {samples}, {layers})"
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    row: Row = json.loads(done.stdout)
    return row


def report(order: str, batching: str, samples: int, layers: int) -> None:
    """Seconds of ordering and of planning, and the memory that both take beyond the interpreter."""
    torch.set_num_threads(1)
    before = peak_megabytes()
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 257, (samples,), generator=generator, dtype=torch.int32)
    shares = torch.randint(0, 255, (samples, layers), generator=generator, dtype=torch.uint8)
    start = time.perf_counter()
    arranged = ORDERS[order].arrange(lengths, shares, 1, generator)
    ordered = time.perf_counter()
    in_order = lengths[arranged]
    plan = Plan(arranged, in_order, BATCHINGS[batching].cuts(in_order))
    planned = time.perf_counter()
    memory = peak_megabytes() - before
    print(
        json.dumps(
            {
                "order": order,
                "batches": batching,
                "samples": samples,
                "seconds to order": round(ordered - start, 2),
                "seconds to plan": round(planned - ordered, 2),
                "peak MB": round(memory),
                "peak bytes a sample": round(memory * 2**20 / samples),
                "bytes a sample kept": kept(lengths, shares, plan) // samples,
            }
        )
    )


def kept(lengths: torch.Tensor, shares: torch.Tensor, plan: Plan) -> int:
    """What stays in memory for an epoch."""
    return sum(tensor.nbytes for tensor in (lengths, shares, plan.samples, plan.starts, plan.cuts))


def peak_megabytes() -> float:
    """The most memory that this process has ever held (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
