"""What is measured does not depend on the number of processes: two of them, each with every second batch."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from adaptive_moe.data import Batch
from adaptive_moe.tasks.generating import Generating

from . import small

TASKS = ("sentiment", "question_answering", "translation", "summarisation", "dialogue")
GENERATED = 8  # four on each of two ranks, which are the first two batches


def echo(self: Generating, prompts: list[Tensor], batch: Batch) -> list[str]:
    """In place of what an untrained model would write: what it was asked, which shares some words with the answer."""
    asked = batch.source.ids if batch.source else [ids[:-1] for ids in prompts]
    return [self.data.decode(ids.tolist()) for ids in asked]


def measured(name: str, folder: Path, **options: Any) -> dict[str, float]:
    """What validation, of some of the written answers, and test, of all, give."""
    module, data = small.task(name), small.data(name, folder)
    del module.log, module.log_dict
    if isinstance(module, Generating):
        module.generated_samples = GENERATED
    quiet: Any = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = Trainer(use_distributed_sampler=False, **quiet, **options)
    (validated,) = trainer.validate(module, data, verbose=False)
    (tested,) = trainer.test(module, data, verbose=False)
    return {**validated, **tested}


def measured_by_all(folder: Path, **options: Any) -> dict[str, dict[str, float]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Generating, "write", echo)
        return {name: measured(name, folder, **options) for name in TASKS}


def one_rank(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    os.environ["LOCAL_RANK"] = str(rank)  # so that Lightning starts no others
    found = measured_by_all(folder, devices=2, strategy="ddp")
    (folder / f"{rank}.json").write_text(json.dumps(found))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_measure_what_one_measures(tmp_path: Path) -> None:
    alone = measured_by_all(tmp_path)
    spawn(one_rank, (tmp_path,), nprocs=2)  # type: ignore[no-untyped-call]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    for name in TASKS:
        assert first[name] == pytest.approx(alone[name], rel=1e-5), name
    assert 0 < alone["translation"]["val/exact_match"] < 1
    for task, score in {"translation": "bleu", "summarisation": "rouge1", "dialogue": "f1"}.items():
        assert 0 < alone[task][f"val/{score}"] != alone[task][f"test/{score}"]  # of some, and of all
