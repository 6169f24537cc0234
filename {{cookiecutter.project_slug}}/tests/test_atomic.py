import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from adaptive_moe.atomic import replace, whole


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new/routing.html"
    replace(path, "first")

    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        replace(path, "second")
    monkeypatch.undo()
    assert {each.name: each.read_text() for each in path.parent.iterdir()} == {"routing.html": "first"}
    replace(path, "second")
    assert path.read_text() == "second"


def test_what_was_there_can_be_kept(tmp_path: Path) -> None:
    for text in (b"1", b"2", b"3"):
        with whole(tmp_path / "last", tmp_path / "previous") as file:
            file.write(text)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"last": "3", "previous": "2"}


def test_two_may_write_at_once_and_the_later_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with whole(path) as first:
        first.write(b"first, and longer")
        with whole(path) as second:
            second.write(b"second")
        assert path.read_text() == "second"
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"tokenizer.json": "first, and longer"}
