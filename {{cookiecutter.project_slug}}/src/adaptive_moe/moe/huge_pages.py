"""Fewer page faults for buffers that are as large as all experts together."""

import ctypes
import mmap

from torch import Tensor

LEAST_BYTES = 2**22
ADVICE = getattr(mmap, "MADV_HUGEPAGE", None)  # Linux has it


def in_huge_pages(buffer: Tensor) -> Tensor:
    """The buffer; where it is large, Linux is asked to map it in pages of 2 MB, not of 4 KB.

    New memory costs a fault a page when it is first written. Gradients of stacked experts are new in every
    step, and far larger than those of a dense network of the same compute.
    """
    if ADVICE is not None and buffer.device.type == "cpu" and buffer.nbytes >= LEAST_BYTES:
        page = mmap.PAGESIZE
        start = -(-buffer.data_ptr() // page) * page
        end = (buffer.data_ptr() + buffer.nbytes) // page * page
        # advice: where it is not taken, nothing is lost
        ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), ADVICE)
    return buffer
