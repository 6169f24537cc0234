"""Config files and command lines with something wrong in them: a step is trained, or one sentence says why not."""

import contextlib
import io
import os
import re
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import TEMPLATE

sys.dont_write_bytecode = True
sys.path.insert(0, str(TEMPLATE))
import train  # noqa: E402 - found there

TINY = [
    "--model.dim=24",
    "--model.num_heads=2",
    "--model.num_layers=2",
    "--model.moe.num_experts=4",
    "--model.moe.expert_dim=16",
    "--data.vocab_size=300",
    "--data.context_length=32",
    "--data.batch_size=4",
    "--trainer.accelerator=cpu",
    "--trainer.num_sanity_val_steps=1",
]
EXAMPLES = int(os.environ.get("CONFIGS", "2000"))
LONGEST = 60  # seconds
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    -0.5,
    1.5,
    1e9,
    10**12,
    float("nan"),
    float("inf"),
    "",
    "abc",
    "-",
]
ODD += [
    " ",
    "null",
    "1e-3",
    "../x",
    "a: b",
    "日本",
    [],
    [1],
    ["a"],
    [[1]],
    {},
    {"a": 1},
    "Threshold",
    "torch.nn.Linear",
]
SLOW = re.compile(
    r"vocab_size|context_length|(dim|num_layers|num_positions|num_experts|expert_dim)$|batch_size|max_steps"
)


@cache
def options() -> dict[str, Any]:
    """Every option of the default config, and its value."""

    def flat(node: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(node, dict):
            for name, value in node.items():
                yield from flat(value, path if name == "init_args" else f"{path}.{name}".removeprefix("."))
        else:
            yield path, node

    return dict(flat(yaml.safe_load((TEMPLATE / "configs/default.yaml").read_text("utf-8")), ""))


def values(option: str) -> st.SearchStrategy[Any]:
    """Odd ones; none that makes a large model, which is no mistake."""
    chosen = [value for value in ODD if not (SLOW.search(option) and isinstance(value, int | float) and value > 2)]
    return st.sampled_from(chosen)


PAIRS = st.sampled_from(sorted(options())).flatmap(lambda option: st.tuples(st.just(option), values(option)))


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """One to three options with odd values."""
    pairs = draw(st.lists(PAIRS, min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
    return [
        f"--{option}={value if isinstance(value, str) else yaml.safe_dump(value).split(chr(10))[0]}"
        for option, value in pairs
    ]


@st.composite
def files(draw: st.DrawFn) -> str:
    """The default config with something deleted, doubled, moved in or out, or replaced."""
    lines = (TEMPLATE / "configs/default.yaml").read_text("utf-8").splitlines()
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["delete", "double", "in", "out", "replace", "cut"]))
        line = lines[place]
        odd = str(draw(st.sampled_from(ODD)))
        changed = {
            "delete": [],
            "double": [line, line],
            "in": ["  " + line],
            "out": [line.removeprefix("  ")],
            "replace": [line if SLOW.search(line.split(":")[0]) else re.sub(r": .*", f": {odd}", line)],
            "cut": [line[: len(line) // 2]],
        }
        lines[place : place + 1] = changed[kind]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    def late(*_: Any) -> None:
        raise TimeoutError(f"no end in {seconds} seconds")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome(words: list[str], folder: Path) -> str:
    """Try it in an empty folder: `trained`, or the sentence."""
    said = io.StringIO()
    shutil.rmtree(folder / "runs", ignore_errors=True)
    before = {path.name for path in folder.iterdir()}
    with warnings.catch_warnings(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        code: Any = None
        try:
            with no_longer_than(LONGEST):
                train.main(["fit", *words, "--trainer.max_steps=1", "--trainer.limit_val_batches=1"])
        except SystemExit as end:
            code = end.code
    if code is None:
        return "trained"
    assert code == 2, (code, said.getvalue())
    errors = [line for line in said.getvalue().splitlines() if line.startswith("error:")]
    assert len(errors) == 1, said.getvalue()
    assert len(errors[0]) < 600, errors[0]
    assert {path.name for path in folder.iterdir()} <= before | {"data"}, f"something is left: {errors[0]}"
    return errors[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a user sits; the corpus is read once."""
    place, before = tmp_path_factory.mktemp("odd"), Path.cwd()
    os.chdir(place)
    sys.argv = ["train.py"]
    assert outcome(TINY, place) == "trained"
    yield place
    os.chdir(before)


FUZZ = settings(
    max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=True
)


@FUZZ
@given(words=command_lines())
def test_a_command_line(words: list[str], folder: Path) -> None:
    hypothesis.event(outcome([*TINY, *words], folder)[:40])


@FUZZ
@given(text=files())
def test_a_config_file(text: str, folder: Path) -> None:
    (folder / "odd.yaml").write_text(text, encoding="utf-8")
    hypothesis.event(outcome(["--config=odd.yaml", *TINY], folder)[:40])
