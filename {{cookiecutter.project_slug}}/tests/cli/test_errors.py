import sys
from pathlib import Path

import pytest
import train

from ..conftest import Run

MISTAKES = {
    "fit --model.gating.threshold 3": "threshold is 3.0",
    "fit --model.gating Treshold": "gating is Treshold, and there is no such class; did you mean Threshold?",
    "fit --model TextCompletio": "model is TextCompletio, and there is no such class",
    "fit --trainer.callbacks+=Foo": "trainer.callbacks is Foo, and there is no such class; --print_config",
    "fit --model.dimm 3": "Option 'dimm' is not accepted; did you mean dim?",
    "fit --trainer.max_stepz 3": "--trainer.max_stepz 3 is not an option; did you mean trainer.max_steps?",
    "fit --model.dim wide": "dim is wide; it takes int",
    "fit --model.gating.gap wide": "gap is wide; it takes 'raw' or 'renormalised'",
    "fit --model.dim 25": "dim is 25",
    "fit --model.num_layers 0": "num_layers is 0",
    "fit --model.optimizer.lr -1": "Invalid learning rate: -1.0",
    "fit --model.moe.num_experts 1": "num_experts is 1; Threshold chooses up to 2 of them",
    "fit --model.gating TopK --model.gating.k 9": "num_experts is 4; TopK chooses up to 9 of them",
    "fit --model.moe.layers 7": "layers is 7; every n-th of 2 layers needs n from 1 to that",
    "fit --model.aux_loss.load_balancing_weight -1": "load_balancing_weight is -1.0; choose 0 (off) or more",
    "fit --trainer.callbacks+=ComputeBudget --trainer.callbacks.experts_per_token=0.5": "is 0.5; every token",
    "fit --trainer.callbacks+=ComputeBudget --trainer.callbacks.experts_per_token=3": "a token gets at most 2",
    "fit --trainer.accelerator abacus": "abacus",
    "fit --config nothing.yaml": "File does not exist",
    "fit --ckpt_path nothing.ckpt": "ckpt_path is nothing.ckpt, and there is no such file",
    "predict --ckpt_path last": "ckpt_path is last, and no run in runs/text_completion has a checkpoint",
    "predict": "ckpt_path is not given",
    "validate --data.inputs=": "inputs is '', in which there is no text",
    "validate --data.inputs=questions.jsonl": "inputs is questions.jsonl, and there is no such file",
    "fit --data.corpus Doctests --data.packing false --data.long_texts cut": "TextCompletion needs text",
    "fit --model.positions learned --model.num_positions 16": "context_length is 32, and the model learns 16 positions",
    "fit --model.generated_samples -1": "generated_samples is -1",
    "fit --model.top_p 0": "top_p is 0.0; choose more than 0",
    "fit --model.gating topk": "did you mean TopK?",
    "fit --model.gating TopK --model.gating.threshold 0.2": "Option 'threshold' is not accepted; --print_config",
    "fit --trainer.check_val_every_n_epoch=0": "check_val_every_n_epoch is 0; give a number, or",
    "fit --trainer.val_check_interval=00:00:00:01 --trainer.devices=2": "val_check_interval is a time, on which",
    "fit --data.seed=null": "data.seed is null; it takes int",
    "fit --data.context_length=null": "data.context_length is null; it takes int",
    "fit --model.moe.num_experts=null": "error: moe.num_experts is null; it takes int",
    "fit --model.gating.threshold=null": "error: threshold is null; it takes float",
    "fit --trainer.callbacks+=StepTimer --trainer.callbacks.inside_moe=null": "callbacks.inside_moe is null; it takes",
    "fit --data.corpus Texts": "the class that is chosen needs path; add it below the class's own option",
    "fit --data.tokenizer nothing.json": "tokenizer is nothing.json, and there is no such file",
    "fit --model Sentiment": "num_classes is 0, as many as the corpus has labels; take --config",
    "fit --checkpoint.monitor val/accuracy": "monitor is val/accuracy in ModelCheckpoint, and TextCompletion measures ",
    "fit --checkpoint.mode max": "mode is max in ModelCheckpoint, and val/perplexity is best at its minimum; ",
    "fit --trainer.logger.save_dir=/dev/null/x": "version_0 cannot be written, since /dev/null is a file",
    "train": "'train' is no command; choose one of 'fit', 'validate', 'test', 'predict'",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    line: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *options = line.split()
    with pytest.raises(SystemExit) as end:
        run(command, *options)
    assert end.value.code == 2
    errors = capsys.readouterr().err.splitlines()
    (said,) = [text for text in errors if text.startswith("error: ")]
    assert MISTAKES[line] in said
    assert "Traceback" not in "".join(errors)
    assert not list(tmp_path.iterdir())


def test_a_broken_config_names_the_place(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.yaml").write_text("model: [1\n")
    with pytest.raises(SystemExit):
        run("fit", "--config=broken.yaml")
    assert "not valid YAML" in capsys.readouterr().err


def test_nothing_said_is_answered_with_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py"])
    with pytest.raises(SystemExit):
        train.main([])
    assert "choose one of fit,validate,test,predict" in capsys.readouterr().err
