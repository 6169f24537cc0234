"""The comparison in TensorBoard's hparams, beside the runs' own."""

import shutil
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from .compared import COSTS, costs, finished, score
from .results import Results


def write_hparams(results: Results, folder: Path) -> None:
    """A session for each run: its scheme and seed, and what came of it; in place of earlier ones."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in results.runs:
        spent = costs(results, name)
        for seed, run in finished(results, name).items():
            outcome = {f"compare/{COSTS[key]}": value for key, value in spent.get(seed, {}).items() if key in COSTS}
            outcome[f"compare/{results.metric}"] = score(results, run)
            outcome["compare/padding"] = run.padding_share
            if run.mean_experts:
                outcome["compare/experts per token"] = run.mean_experts
            with SummaryWriter(str(folder / f"{name}_{seed}")) as writer:
                writer.add_hparams({"scheme": name, "seed": seed}, outcome, run_name=".")
