import subprocess
import sys

import pytest

from .conftest import ROOT

PROGRAM = """
import sys
sys.path.insert(0, "benchmarks")
from moe_layer import Bench, RandomTopTwo, peak_bytes, where
bench = Bench("cpu", "float32", 1, 16, 64, 2)
adaptive, dense = bench.moe(RandomTopTwo(0.1)), bench.dense(1.1)
row = bench.compare("adaptive", adaptive, "dense", dense, None)
assert 0 < row.low <= row.median <= row.high
assert peak_bytes(adaptive, "cpu") > 0
assert bench.loads([4] * 16)() is None
assert where("cpu")["torch"]
print(row)
"""


def test_the_layer_s_benchmark_measures() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("adaptive")


@pytest.mark.parametrize(("script", "said"), [("moe_layer.py", "--json"), ("search.py", "warmed_1.2")])
def test_it_says_what_it_takes(script: str, said: str) -> None:
    command = [sys.executable, f"benchmarks/{script}", "--help"]
    assert said in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
