"""Experts, weights or both on two and on four ranks: everything is as it is in one process."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.multiprocessing.spawn import spawn

from . import runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Found = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def alone(folder: Path) -> Found:
    """What one process has found."""
    return runs.all_runs(folder, 1)


@pytest.fixture(scope="module", params=["experts2", "experts4", "weights2", "both2"])
def world(request: pytest.FixtureRequest) -> str:
    """What is divided, over how many ranks."""
    return str(request.param)


@pytest.fixture(scope="module")
def ranks(world: str, folder: Path, alone: Found) -> list[Found]:  # noqa: ARG001 - which leaves a checkpoint
    """What each of them has found."""
    name, number = world[:-1], int(world[-1])
    spawn(runs.one_rank, (folder, number, name), nprocs=number)  # type: ignore[no-untyped-call]
    return [torch.load(folder / f"{world}-{rank}.pt", weights_only=True) for rank in range(number)]


def test_losses_and_gradient_norms_are_those_of_one_process(world: str, ranks: list[Found], alone: Found) -> None:
    for run in [*runs.policies(world[:-1]), "accumulated", "resumed"]:
        losses, norms = alone[run]
        assert (len(losses), len(norms)) == (3 if run == "accumulated" else 2, 2)
        assert max(norms) > 0.3  # they are clipped
        for rank in ranks:
            assert rank[run][0] == pytest.approx(losses, abs=1e-5), run
            assert rank[run][1] == pytest.approx(norms, abs=1e-5), run


def test_ranks_wait_for_those_that_write_more(world: str, ranks: list[Found], alone: Found) -> None:
    assert world == "weights2" or any(rank["answered"] for rank in ranks)
    for rank in ranks:
        for when in ("judged", "validated"):
            assert rank[when] == pytest.approx(alone[when], rel=1e-5)


def test_a_rank_holds_its_part(world: str, ranks: list[Found], alone: Found) -> None:
    most = {"experts2": 0.8, "experts4": 0.7, "weights2": 0.51, "both2": 0.51}
    assert max(rank["held"] for rank in ranks) < most[world] * alone["held"]


def test_a_model_that_stays_divided_is_refused_another_run(world: str, ranks: list[Found]) -> None:
    """Experts come together again."""
    for rank in ranks:
        if world.startswith("experts"):
            assert not rank["tested"]
        else:
            assert rank["tested"].startswith("an earlier run has divided this model; build it anew, and give that")


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Tensors and numbers by where they are."""
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: each for key, inner in pairs for name, each in flat(inner, f"{path}/{key}").items()}
    return {path: value}


@pytest.mark.usefixtures("ranks")
def test_a_checkpoint_is_that_of_one_process_and_comes_back_to_the_bit(world: str, folder: Path) -> None:
    one, saved, again = (
        flat(torch.load(folder / f"{name}.ckpt", weights_only=True)) for name in (1, world, f"{world}-again")
    )
    assert saved.keys() == one.keys()
    weights = [name for name in saved if name.startswith(("/state_dict", "/optimizer_states"))]
    assert sum("momentum" in name for name in weights) > 10
    for name in weights:
        torch.testing.assert_close(saved[name], one[name], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(again[name], saved[name], rtol=0, atol=0)


@pytest.mark.usefixtures("ranks")
def test_one_process_goes_on_from_several(world: str, folder: Path, alone: Found) -> None:
    kept = runs.trained("threshold", folder, 1, 2, folder / f"{world}.ckpt")
    assert kept.losses == pytest.approx(alone["resumed"][0], abs=1e-5)
