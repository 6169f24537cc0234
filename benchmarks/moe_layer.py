"""How fast the mixture-of-experts layer is, against dense networks, itself at top-2, and others' blocks.

python benchmarks/moe_layer.py
python benchmarks/moe_layer.py --json results.json
python benchmarks/moe_layer.py --device cuda [--compile]

Every figure is a ratio of times, forward and backward, measured in turn in one run: the median over pairs
with its quartiles. `pip install transformers` adds the Mixtral block to the peers.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.dont_write_bytecode = True  # cookiecutter would copy caches that lie in the template
sys.path[:0] = [str(ROOT / "{{cookiecutter.project_slug}}" / "src"), str(Path(__file__).parent)]

import training_step
from bench import DTYPES, NUM_EXPERTS, Bench, Row
from measure import in_turn, peak_bytes, ratios, where
from peers import mixtral_blocks

from adaptive_moe.moe import RandomTopTwo, TopK
from adaptive_moe.moe.activation import ActivationName

# precision, threads, width, rows an expert, goal
DENSE_ON_CPU = [
    (dtype, threads, dim, rows, 1.03 if rows >= 512 else 1.15 if (dtype, threads) == ("float32", 1) else None)
    for dtype in DTYPES
    for threads in (1, 2)
    for dim in (256, 512)
    for rows in (128, 512, 1024)
]
DENSE_ON_GPU = [("bfloat16", 1, 1024, 1126, 1.12), ("bfloat16", 1, 2048, 2253, 1.07)]  # 16k and 32k tokens


def against_dense(device: str, rounds: int) -> Iterator[Row]:
    """10 % of the tokens on two experts, by rows per expert."""
    for dtype, threads, dim, rows, goal in DENSE_ON_GPU if device == "cuda" else DENSE_ON_CPU:
        bench = Bench(device, dtype, threads, dim, round(rows * NUM_EXPERTS / 1.1), rounds)
        adaptive, dense = bench.moe(RandomTopTwo(0.1)), bench.dense(1.1)
        yield bench.compare(f"adaptive, {rows} rows an expert", adaptive, "dense, same active FLOPs", dense, goal)


def against_top_two(device: str, rounds: int) -> Iterator[Row]:
    """By the share of single-expert tokens, as in the paper's table of layer times."""
    bench = middle(device, rounds)
    for single, goal in ((1.0, 0.52), (0.8, 0.62), (0.5, 0.77), (0.2, 0.92)):
        goal = 1 - single / 2 + 0.03 if device == "cuda" else goal
        adaptive, top_two = bench.moe(RandomTopTwo(1 - single)), bench.moe(TopK(2))
        yield bench.compare(f"{single:.0%} of tokens on one expert", adaptive, "own top-2", top_two, goal)


def against_peers(device: str, rounds: int) -> Iterator[Row]:
    """The faster of others' blocks at top-2 has the goal."""
    bench = middle(device, rounds)
    peers = mixtral_blocks(bench.dim, bench.expert_dim, NUM_EXPERTS, bench.dtype, device)
    calls = {name: bench.step(block, block) for name, block in peers}
    seconds = in_turn({"adaptive": bench.moe(RandomTopTwo(0.1)), **calls}, device, rounds)
    names = sorted(calls, key=lambda name: statistics.median(seconds[name]))
    for name in names:
        goal = 0.55 if name == names[0] and device == "cpu" else None
        yield Row("adaptive, 10 % on two", name, bench.setting, *ratios(seconds["adaptive"], seconds[name]), goal)


def under_skew(device: str, rounds: int) -> Iterator[Row]:
    """One expert with five times the mean, one idle."""
    bench = middle(device, rounds)
    mean = bench.tokens // NUM_EXPERTS
    rest, left = divmod(bench.tokens - 5 * mean, NUM_EXPERTS - 2)
    skewed = bench.loads([5 * mean, 0, *[rest + 1] * left, *[rest] * (NUM_EXPERTS - 2 - left)])
    yield bench.compare("skewed load", skewed, "even load", bench.loads([mean] * NUM_EXPERTS), 1.10)


def memory(device: str, rounds: int) -> Iterator[Row]:  # noqa: ARG001 - it does not vary
    """Peak bytes beyond gradients, forward and backward."""
    goals: dict[ActivationName, float] = {"swiglu": 1.15, "gelu": 1.30}
    for activation, goal in goals.items():
        for dtype in DTYPES:
            bench = Bench(device, dtype, 2, 512, 8192, 1)
            adaptive = peak_bytes(bench.moe(RandomTopTwo(0.1), activation), device)
            ratio = adaptive / peak_bytes(bench.dense(1.1, activation), device)
            yield Row(f"memory, {activation}", "dense, same active FLOPs", bench.setting, ratio, ratio, ratio, goal)


def middle(device: str, rounds: int) -> Bench:
    """The size that is not varied."""
    return (
        Bench(device, "bfloat16", 1, 2048, 8192, rounds)
        if device == "cuda"
        else Bench(device, "float32", 2, 512, 8192, rounds)
    )


PARTS = {
    "dense": against_dense,
    "top-2": against_top_two,
    "peers": against_peers,
    "skew": under_skew,
    "memory": memory,
}


def main() -> None:
    """Print the table as it comes; write it when it is whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=9, help="pairs that count in each cell")
    parser.add_argument("--json", type=Path, help="write the table here, too")
    parser.add_argument("--parts", nargs="+", default=[*PARTS, "step"], choices=[*PARTS, "step"], help="of the table")
    parser.add_argument("--compile", action="store_true", help="compile the layers, on a GPU into graphs")
    options = parser.parse_args()
    Bench.compiled = options.compile
    rows = []
    for part in (part for name, part in PARTS.items() if name in options.parts):
        for row in part(options.device, options.rounds):
            print(row, flush=True)
            rows.append(asdict(row))
    on_cpu = options.device == "cpu" and "step" in options.parts
    step = training_step.against_top_two(1.15, 4 * options.rounds) if on_cpu else {}
    if step:
        print(
            "whole step of text completion / top-2:", ", ".join(f"{name} {value:.3f}" for name, value in step.items())
        )
    if options.json:
        options.json.write_text(json.dumps({**where(options.device), "rows": rows, "step": step}, indent=1) + "\n")


if __name__ == "__main__":
    main()
