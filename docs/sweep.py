"""Search threshold and order of the data for the best quality with the fewest experts per token.

pip install optuna
python sweep.py --trials 30 --config configs/tasks/sentiment.yaml

What this program does not know goes to every run of `train.py fit`. Interrupted, the same command goes on.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import optuna
import pandas

ORDERS = ["random", "length_bucketed", "complexity_paper", "complexity_magnitude"]


def objective(trial: optuna.Trial, options: list[str], folder: Path) -> tuple[float, float]:
    """Train once: the best validation loss, and the mean experts per token of the run."""
    threshold = trial.suggest_float("threshold", 0.01, 0.5, log=True)
    order = trial.suggest_categorical("order", ORDERS)
    run = folder / f"trial_{trial.number}"
    asked = [
        f"--config=configs/order/{order}.yaml",
        f"--model.gating.threshold={threshold}",
        f"--trainer.logger.save_dir={folder.parent}",
        f"--trainer.logger.name={folder.name}",
        f"--trainer.logger.version={run.name}",
    ]
    subprocess.run([sys.executable, "train.py", "fit", *options, *asked], check=True)
    logged = pandas.read_json(run / "metrics.jsonl", lines=True)
    return logged["val/loss"].min(), logged["routing/experts_per_token"].mean()


def main() -> None:
    """Search, then print the trials that no other beats in both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=30, help="how many runs in all")
    parser.add_argument("--folder", type=Path, default=Path("runs/sweep"), help="where runs and study go")
    known, options = parser.parse_known_args()
    known.folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="sweep",
        storage=f"sqlite:///{known.folder}/study.db",
        directions=["minimize", "minimize"],
        load_if_exists=True,
    )
    finished = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    missing = max(known.trials - len(finished), 0)
    study.optimize(lambda trial: objective(trial, options, known.folder), n_trials=missing)
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        loss, experts = trial.values
        print(f"trial {trial.number}: loss {loss:.3f}, {experts:.2f} experts per token, {trial.params}")


if __name__ == "__main__":
    main()
