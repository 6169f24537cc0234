"""Experts on two and on four ranks: everything is as it is in one process."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.multiprocessing.spawn import spawn

from . import runs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Runs = dict[int, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def found(folder: Path) -> Runs:
    """By the number of ranks, what each of them has found."""
    alone = runs.all_runs(folder, 1)
    for num_ranks in (2, 4):
        spawn(runs.one_rank, (folder, num_ranks), nprocs=num_ranks)  # type: ignore[no-untyped-call]
    ranks = {n: [torch.load(folder / f"{n}-{rank}.pt", weights_only=True) for rank in range(n)] for n in (2, 4)}
    return {1: [alone], **ranks}


@pytest.mark.parametrize("num_ranks", [2, 4])
@pytest.mark.parametrize("run", [*runs.POLICIES, "accumulated", "resumed"])
def test_losses_and_gradient_norms_are_those_of_one_process(num_ranks: int, run: str, found: Runs) -> None:
    (alone,) = found[1]
    losses, norms = alone[run]
    assert (len(losses), len(norms)) == (3 if run == "accumulated" else 2, 2)
    assert max(norms) > 0.3  # they are clipped
    for rank in found[num_ranks]:
        assert rank[run][0] == pytest.approx(losses, abs=1e-5)
        assert rank[run][1] == pytest.approx(norms, abs=1e-5)


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_ranks_wait_for_those_that_write_more(num_ranks: int, found: Runs) -> None:
    (alone,) = found[1]
    assert any(rank["answered"] for rank in found[num_ranks])
    for rank in found[num_ranks]:
        assert rank["judged"] == pytest.approx(alone["judged"], rel=1e-5)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Tensors and numbers by where they are."""
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: each for key, inner in pairs for name, each in flat(inner, f"{path}/{key}").items()}
    return {path: value}


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("num_ranks", [2, 4])
def test_a_checkpoint_is_that_of_one_process_and_comes_back_to_the_bit(num_ranks: int, folder: Path) -> None:
    one, saved, again = (
        flat(torch.load(folder / f"{name}.ckpt", weights_only=True)) for name in (1, num_ranks, f"{num_ranks}-again")
    )
    assert saved.keys() == one.keys()
    weights = [name for name in saved if name.startswith(("/state_dict", "/optimizer_states"))]
    assert sum("momentum" in name for name in weights) > 10
    for name in weights:
        torch.testing.assert_close(saved[name], one[name], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(again[name], saved[name], rtol=0, atol=0)


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_one_process_goes_on_from_several(num_ranks: int, folder: Path, found: Runs) -> None:
    (alone,) = found[1]
    kept = runs.trained("threshold", folder, 1, 2, folder / f"{num_ranks}.ckpt")
    assert kept.losses == pytest.approx(alone["resumed"][0], abs=1e-5)
