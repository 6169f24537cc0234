"""Fewer page faults for buffers that are as large as all experts together."""

import ctypes
import mmap
import sys

from torch import Tensor

LEAST_BYTES = 2**22
PAGE_BYTES = mmap.PAGESIZE


def in_huge_pages(buffer: Tensor) -> Tensor:
    """The buffer; where it is large, Linux is asked to map it in pages of 2 MB, not of 4 KB.

    New memory costs a fault a page when it is first written. Gradients of stacked experts are new in every
    step, and far larger than those of a dense network of the same compute.
    """
    if sys.platform == "linux" and buffer.device.type == "cpu" and buffer.nbytes >= LEAST_BYTES:
        start = -(-buffer.data_ptr() // PAGE_BYTES) * PAGE_BYTES
        end = (buffer.data_ptr() + buffer.nbytes) // PAGE_BYTES * PAGE_BYTES
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        advise(start, end - start, mmap.MADV_HUGEPAGE)  # advice: where it is not taken, nothing is lost
    return buffer
