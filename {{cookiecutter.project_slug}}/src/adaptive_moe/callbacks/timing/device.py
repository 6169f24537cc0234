"""What is known of a device without asking it to wait."""

import sys
import warnings

import torch
from lightning.fabric.utilities.throughput import get_available_flops

DTYPES = {"bf16": torch.bfloat16, "16": torch.float16}  # by what the precision's name begins with


def peak_memory(device: torch.device) -> float:
    """GiB: the most that tensors have taken of a GPU, or the process of the host's memory; 0 where nobody knows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**30 if sys.platform == "darwin" else 2**20)


def peak_flops(device: torch.device, precision: str) -> float | None:
    """Operations a second that the maker promises, where Lightning knows."""
    dtype = next((dtype for name, dtype in DTYPES.items() if precision.startswith(name)), torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it does not know; there is nothing to mend
        return get_available_flops(device, dtype)
