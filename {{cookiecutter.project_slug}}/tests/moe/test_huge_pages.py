import re
from pathlib import Path

import pytest
import torch

from adaptive_moe.moe.huge_pages import in_huge_pages


@pytest.mark.skipif(not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="this system has no huge pages")
def test_large_buffers_ask_for_huge_pages() -> None:
    buffer = torch.empty(2**24)
    assert in_huge_pages(buffer) is buffer
    middle = buffer.data_ptr() + buffer.nbytes // 2
    maps = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    for entry in maps[1:]:
        start, end = (int(address, 16) for address in entry.split()[0].split("-"))
        if start <= middle < end:
            assert " hg" in entry
