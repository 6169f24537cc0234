"""Experts, weights or both on two and on four ranks: everything is as it is in one process."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.multiprocessing.spawn import spawn

from . import runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Runs = dict[str, list[dict[str, Any]]]
WORLDS = ["experts2", "experts4", "weights2", "both2"]
RUNS = [(run, world) for world in WORLDS for run in [*runs.policies(world[:-1]), "accumulated", "resumed"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def found(folder: Path) -> Runs:
    """By what is divided over how many ranks, what each of them has found; and one process alone."""
    ranks = {"1": [runs.all_runs(folder, 1)]}
    for world in WORLDS:
        name, number = world[:-1], int(world[-1])
        spawn(runs.one_rank, (folder, number, name), nprocs=number)  # type: ignore[no-untyped-call]
        ranks[world] = [torch.load(folder / f"{world}-{rank}.pt", weights_only=True) for rank in range(number)]
    return ranks


@pytest.mark.parametrize(("run", "world"), RUNS)
def test_losses_and_gradient_norms_are_those_of_one_process(run: str, world: str, found: Runs) -> None:
    (alone,) = found["1"]
    losses, norms = alone[run]
    assert (len(losses), len(norms)) == (3 if run == "accumulated" else 2, 2)
    assert max(norms) > 0.3  # they are clipped
    for rank in found[world]:
        assert rank[run][0] == pytest.approx(losses, abs=1e-5)
        assert rank[run][1] == pytest.approx(norms, abs=1e-5)


@pytest.mark.parametrize("world", WORLDS)
def test_ranks_wait_for_those_that_write_more(world: str, found: Runs) -> None:
    (alone,) = found["1"]
    assert world == "weights2" or any(rank["answered"] for rank in found[world])
    for rank in found[world]:
        for when in ("judged", "validated"):
            assert rank[when] == pytest.approx(alone[when], rel=1e-5)


@pytest.mark.parametrize("world", WORLDS)
def test_a_rank_holds_its_part(world: str, found: Runs) -> None:
    (alone,) = found["1"]
    most = {"experts2": 0.8, "experts4": 0.7, "weights2": 0.51, "both2": 0.51}
    assert max(rank["held"] for rank in found[world]) < most[world] * alone["held"]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Tensors and numbers by where they are."""
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: each for key, inner in pairs for name, each in flat(inner, f"{path}/{key}").items()}
    return {path: value}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("world", WORLDS)
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


@pytest.mark.parametrize("world", WORLDS)
def test_one_process_goes_on_from_several(world: str, folder: Path, found: Runs) -> None:
    (alone,) = found["1"]
    kept = runs.trained("threshold", folder, 1, 2, folder / f"{world}.ckpt")
    assert kept.losses == pytest.approx(alone["resumed"][0], abs=1e-5)
