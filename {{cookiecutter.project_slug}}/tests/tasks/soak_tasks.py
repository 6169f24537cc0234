"""Every task with every policy in every order on the command line; six minutes: pytest tests/tasks/soak_tasks.py."""

from itertools import product
from pathlib import Path

import pytest

from adaptive_moe.model import Encoder

from ..conftest import Run
from . import small
from .test_products import ORDERS, POLICIES, TASKS

CASES = list(product(TASKS, POLICIES, ORDERS))


@pytest.mark.parametrize(("task", "policy", "order"), CASES, ids=map(", ".join, CASES))
def test_two_epochs_of_a_step_and_an_evaluation_before_and_behind_each(
    task: str, policy: str, order: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [f"tasks/{task}", f"gating/{policy}", f"order/{order}"]
    options = [*(f"--config={small.CONFIGS}/{name}.yaml" for name in configs)]
    options += [f"--data.corpus={small.CORPORA[task][0].__name__}"]
    options += [f"--data.corpus.path={small.write(task, tmp_path / 'rows')}"]
    options += [f"--data.corpus.{name}={value}" for name, value in small.OPTIONS.get(task, {}).items()]
    options += ["--data.context_length=32", "--data.batch_size=3", "--data.token_budget=null", "--data.cache_dir=cache"]
    options += ["--trainer.max_epochs=2", "--trainer.max_steps=-1", "--trainer.limit_train_batches=1"]
    options += ["--trainer.val_check_interval=1", "--trainer.log_every_n_steps=1"]
    if task not in ("sentiment", "question_answering"):
        options += ["--model.max_new_tokens=3", "--model.generated_samples=2"]
    if policy == "sequence_budget" and small.kind(task).architecture is not Encoder:
        with pytest.raises(SystemExit):
            run("fit", *options)
        assert "a decoder needs another, for example Threshold" in capsys.readouterr().err
    else:
        trained = run("fit", *options).trainer
        assert trained.global_step == 2
        assert trained.callback_metrics["val/loss"].isfinite()
