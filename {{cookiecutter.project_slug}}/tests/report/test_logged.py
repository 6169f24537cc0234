import json
from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.report import logged


def lines(folder: Path, *each: dict[str, Any]) -> None:
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in each))


def log(step: int, **values: Any) -> dict[str, Any]:
    usual = {"time/step_ms": 100.0, "data/tokens_per_step": 8.0, "routing/flops_per_token": 10.0, "train/loss": 2.0}
    return {"step": step - 1, **usual, **values}


def test_time_tokens_and_operations_add_up_from_log_to_log(tmp_path: Path) -> None:
    lines(tmp_path, log(10), log(20, **{"time/step_ms": 50.0, "data/tokens_per_step": 4.0}))
    first, second = logged.moments(logged.table(tmp_path))
    assert (first.step, first.seconds, first.tokens, first.flops) == (10, 1, 80, 2400)
    assert (second.step, second.seconds, second.tokens, second.flops) == (20, 1.5, 120, 3600)


def test_of_what_a_run_repeats_when_it_goes_on_the_last_counts(tmp_path: Path) -> None:
    lines(tmp_path, log(10), log(20), log(20, **{"time/step_ms": 60.0}))
    assert logged.moments(logged.table(tmp_path))[-1].seconds == pytest.approx(1.6)


def test_the_untrained_model_is_step_nought(tmp_path: Path) -> None:
    value = {"val/perplexity": 9.0, "val/loss": 2.0}
    lines(tmp_path, {"step": 0, **value}, log(5), {"step": 4, **value})
    assert logged.validations(logged.table(tmp_path), "perplexity") == [(0, 9), (5, 9)]


def test_layers_of_both_stacks_are_found(tmp_path: Path) -> None:
    used = {f"routing/{layer}/experts_per_token": 1.5 for layer in ("encoder_layer_0", "decoder_layer_1")}
    lines(tmp_path, log(10, **used), log(20, **dict.fromkeys(used, 1.1)))
    assert logged.experts_per_token(logged.table(tmp_path)) == pytest.approx(
        {"encoder_layer_0": 1.3, "decoder_layer_1": 1.3}
    )


def test_a_loss_that_is_no_number_is_divergence(tmp_path: Path) -> None:
    lines(tmp_path, log(10), log(20, **{"train/loss": None}), {"step": 19, "val/loss": None})
    assert logged.diverged(tmp_path, "perplexity") == (20, "train/loss")
    lines(tmp_path, log(10), log(20))
    assert logged.diverged(tmp_path, "perplexity") is None


def test_so_is_a_metric_that_overflows_where_the_loss_does_not(tmp_path: Path) -> None:
    lines(tmp_path, {"step": 0, "val/perplexity": None}, log(10), {"step": 9, "val/perplexity": None, "val/loss": 90.0})
    assert logged.diverged(tmp_path, "perplexity") == (10, "val/perplexity")
    assert logged.diverged(tmp_path, "loss") is None
