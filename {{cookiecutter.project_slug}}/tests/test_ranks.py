from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from adaptive_moe.ranks import gather_hosts, host_group


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """One process that takes itself for a world."""
    begin(tmp_path / "first")
    yield tmp_path
    torch.distributed.destroy_process_group()


def begin(store: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)


def test_each_world_has_one_group_of_hosts(world: Path) -> None:
    first = host_group()
    assert first is not None
    assert host_group() is first
    assert first is not torch.distributed.group.WORLD
    torch.distributed.destroy_process_group()
    begin(world / "second")
    assert host_group() is not first
    assert gather_hosts(torch.tensor([1.0, 2.0])).tolist() == [[1, 2]]


def test_a_process_alone_has_none() -> None:
    assert host_group() is None
    assert gather_hosts(torch.tensor([1.0, 2.0])).tolist() == [[1, 2]]
