import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from adaptive_moe.callbacks import RunLogger


def lines(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_scalars_are_in_the_curves_and_in_lines_of_json(tmp_path: Path) -> None:
    logger = RunLogger(str(tmp_path), name="mine", version=3, default_hp_metric=False)
    logger.log_metrics({"train/loss": 2.5}, 10)
    logger.log_metrics({"train/loss": float("nan"), "val/loss": 1.0}, 20)
    logger.finalize("success")
    folder = tmp_path / "mine/version_3"
    assert lines(folder / "metrics.jsonl") == [
        {"step": 10, "train/loss": 2.5},
        {"step": 20, "train/loss": None, "val/loss": 1.0},
    ]
    events = EventAccumulator(str(folder)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("val/loss")] == [(20, 1.0)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is Linux's /dev/full")
@pytest.mark.parametrize("full", ["metrics.jsonl", "events"])
def test_on_a_full_disk_there_is_one_warning_and_no_error(full: str, tmp_path: Path) -> None:
    logger = RunLogger(str(tmp_path), name="", version="", default_hp_metric=False)
    records = logger.experiment._get_file_writer().event_writer._async_writer._writer  # type: ignore[no-untyped-call]
    with Path("/dev/full").open("wb", buffering=0) as disk:
        if full == "metrics.jsonl":
            (tmp_path / full).symlink_to(disk.name)
        else:
            records._writer.close()
            records._writer = disk
        with pytest.warns(UserWarning, match="No space left on device.*training goes on") as warned:
            write(logger)
    assert len(warned) == 1


def test_a_line_that_was_torn_is_cut(tmp_path: Path) -> None:
    for torn in ["", '{"step": 1}\n{"st', '{"st', '{"step": 1}\n']:
        (tmp_path / "metrics.jsonl").write_text(torn)
        logger = RunLogger(str(tmp_path), name="", version="", default_hp_metric=False)
        logger.log_metrics({"train/loss": 2.5}, 2)
        logger.finalize("success")
        whole = [{"step": 1}] if "\n" in torn else []
        assert lines(tmp_path / "metrics.jsonl") == [*whole, {"step": 2, "train/loss": 2.5}]


def write(logger: RunLogger) -> None:
    for step in range(3):
        logger.log_metrics({"train/loss": 2.5}, step)
    logger.experiment.flush()
    logger.finalize("success")
