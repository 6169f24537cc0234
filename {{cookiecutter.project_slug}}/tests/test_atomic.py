import errno
from pathlib import Path
from typing import Any

import pytest

from adaptive_moe.atomic import replace


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new/routing.html"
    replace(path, "first")
    write_text = Path.write_text

    def full(self: Path, text: str, **options: Any) -> int:
        write_text(self, text[:2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        replace(path, "second")
    monkeypatch.undo()
    assert {each.name: each.read_text() for each in path.parent.iterdir()} == {"routing.html": "first"}
    replace(path, "second")
    assert path.read_text() == "second"
