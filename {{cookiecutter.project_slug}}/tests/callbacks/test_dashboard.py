"""What TensorBoard's own server gives a browser."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.callbacks.layout import layout

from ..conftest import Run

pytestmark = pytest.mark.slow
ADDRESS = re.compile(r"TensorBoard .* at (http\S+?)/? ")
RUN = "text_completion/version_0"
LAYER = {
    "experts_per_token",
    "max_over_mean_load",
    "load_cv",
    "load_entropy",
    "idle_experts",
    "tokens_per_expert_mean",
    "tokens_per_expert_min",
    "tokens_per_expert_max",
}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server that has read the folder."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port=0", "--load_fast=false"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            (address,) = islice((found[1] for line in server.stderr if (found := ADDRESS.search(line))), 1)
            wait_for(lambda: ask(address, "scalars/tags").get(RUN))
            yield address
        finally:
            server.kill()  # asked politely, it would say goodbye into a pipe that nobody reads


def wait_for(condition: Callable[[], Any]) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise TimeoutError


def ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/data/plugin/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_the_server_shows_every_promised_tag_the_layout_and_what_came_of_the_run(run: Run) -> None:
    run("fit", "--trainer.max_steps=6", "--trainer.val_check_interval=3")
    with served(Path("runs")) as address:
        tags = set(ask(address, "scalars/tags")[RUN])
        categories = {each["title"]: each["chart"] for each in ask(address, "custom_scalars/layout")["category"]}
        images, texts = (set(ask(address, f"{kind}/tags")[RUN]) for kind in ("images", "text"))
        experiment = ask(address, "hparams/experiment", {"experimentName": ""})
    assert tags >= {f"routing/layer_1/{tag}" for tag in LAYER}
    assert tags >= {"routing/experts_per_token", "routing/experts_per_token_min", "routing/experts_per_token_max"}
    assert tags >= {"routing/flops_per_token", "routing/flops_over_top_2", "train/loss", "val/perplexity"}
    assert list(categories) == ["Quality", "Routing", "Time", "Data"]
    for chart in (chart for charts in categories.values() for chart in charts if "margin" in chart):
        assert tags >= set(chart["margin"]["series"][0].values()), chart["title"]
    assert images >= {"routing/layer_0/load", "routing/layer_1/load"}
    assert texts >= {"run/config/text_summary", "run/environment/text_summary"}
    assert {each["name"] for each in experiment["hparamInfos"]} >= {"model.gating", "model.moe.num_experts"}
    outcomes = {each["name"]["tag"] for each in experiment["metricInfos"]}
    assert outcomes >= {"hp/best val/perplexity", "hp/routing/experts_per_token"}


def test_lines_for_programs_hold_what_the_curves_hold(run: Run) -> None:
    run("fit", "--trainer.max_steps=4", "--trainer.val_check_interval=2")
    lines = [json.loads(line) for line in Path("runs", RUN, "metrics.jsonl").read_text().splitlines()]
    steps: dict[int, dict[str, Any]] = {}
    for line in lines:
        steps.setdefault(line["step"], {}).update(line)
    logged = {step: values for step, values in steps.items() if "routing/experts_per_token" in values}
    assert list(logged) == [1, 3]
    assert all(values["train/loss"] > 0 for values in logged.values())
    kinds = ["val/loss" in line for line in lines if line["step"] == 1]
    assert kinds == [False] * (len(kinds) - 1) + [True]  # the step, and the validation behind it
    assert len(kinds) <= 3  # of the step, what is logged behind its checkpoint has a line of its own
    assert sum("val/perplexity" in line for line in lines) == 3


@pytest.mark.parametrize("layers", [[], ["layer_1"], ["encoder_layer_0", "decoder_layer_0"]])
def test_each_layer_has_a_band(layers: list[str]) -> None:
    routing = layout(layers, ["val/f1"], False, False, False)["Routing"]
    bands = [tags for kind, tags in routing.values() if kind == "Margin"]
    shown = [tags[0] for tags in reversed(bands)]
    means = [f"routing/{layer}/tokens_per_expert_mean" for layer in layers]
    assert shown == (["routing/experts_per_token", *means] if layers else [])


def test_a_dense_model_says_so_once_and_trains(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run(
        "fit",
        "--model.moe.layers=[]",
        "--trainer.max_steps=2",
        "--trainer.callbacks+=ComputeBudget",
        "--trainer.callbacks.experts_per_token=1.2",
    )
    assert capsys.readouterr().out.count("The model has no experts") == 1


def test_without_a_logger_callbacks_go_on(run: Run) -> None:
    assert run("fit", "--trainer.logger=false", "--trainer.max_steps=2").trainer.global_step == 2


def test_a_log_interval_of_nothing_logs_nothing(run: Run) -> None:
    assert run("fit", "--trainer.log_every_n_steps=0", "--trainer.max_steps=2").trainer.global_step == 2
