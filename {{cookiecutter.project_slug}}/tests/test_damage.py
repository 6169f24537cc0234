"""A bit that changes anywhere in a checkpoint is found, or changes nothing that is read."""

import random
from pathlib import Path

import pytest
import torch

from adaptive_moe.damage import fault

WEIGHTS = {f"w{number}": torch.randn(30, 20) for number in range(4)}
CONTENT = {"state_dict": WEIGHTS, "global_step": 5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save(CONTENT, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def test_a_flipped_bit(path: Path) -> None:
    assert not fault(path)
    data, chance = path.read_bytes(), random.Random(0)
    found = 0
    places = [*chance.sample(range(len(data)), 300), *range(len(data) - 300, len(data))]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        if fault(path):
            found += 1
        else:
            read = torch.load(path, weights_only=True)
            assert read["global_step"] == 5
            assert all(torch.equal(read["state_dict"][name], value) for name, value in WEIGHTS.items())
    assert found > 300


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_cut_file(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert fault(path) == "it is damaged, or no checkpoint"


def test_what_is_no_checkpoint_of_a_run(path: Path) -> None:
    torch.save({"w": torch.zeros(1)}, path)
    assert fault(path) == "it has no state_dict, so it is no checkpoint of a run"
    torch.save(CONTENT, path)
    assert not fault(path)
    assert fault(path, "optimizer_states") == "it has no optimizer_states, so it is no checkpoint of a run"
    torch.save([CONTENT], path)
    assert "it has no state_dict" in fault(path)
    path.write_text("text")
    assert fault(path) == "it is damaged, or no checkpoint"


class Planted:
    """Unpickled, it would run a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("planted",)


def test_what_would_run_code_is_not_read(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": {}, "planted": Planted()}, path)
    assert fault(path) == "it is damaged, or no checkpoint"
    assert not capsys.readouterr().out
