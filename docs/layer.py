"""The table of docs/results.md that holds the layer's time against the paper's: from docs/results/moe_layer.json."""

import json
from pathlib import Path

from paper import LAYER_TIMES

from adaptive_moe.report.markdown import grid

MEASURED = Path(__file__).parent / "results" / "moe_layer.json"


def layer_times() -> str:
    """By the share of tokens on one expert: time over that of top-2."""
    measured = [row for run in json.loads(MEASURED.read_text("utf-8")) for row in run["rows"]]
    rows = []
    for share, (compute, paper) in LAYER_TIMES.items():
        (row,) = (row for row in measured if row["what"] == f"{share}% of tokens on one expert")
        ratio = f"{row['median']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        verdict = "reached" if row["median"] <= row["goal"] else "**missed**"
        rows.append([f"{share} %", f"{compute:.2f}", f"{paper:.2f}", ratio, f"<= {row['goal']:.2f}: {verdict}"])
    return grid(["tokens on one expert", "compute", "the paper's layer", "ratio to own top-2", "goal"], rows)
