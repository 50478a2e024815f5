"""What is set for the whole process while it trains."""

import contextlib
import ctypes
import sys
from collections.abc import Iterator

import torch

# Of glibc's malloc.h; the values are bytes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 30  # freed memory that is kept
_FROM_HEAP = 1 << 25  # the largest piece that comes from kept memory; glibc takes no more


@contextlib.contextmanager
def tiny_as_zero() -> Iterator[None]:
    """Take numbers below 1.2e-38 for 0, on CPUs that can.

    Where pixels are rarely lit, Adam's averages fade to such numbers, and arithmetic on them is slow: its step takes a
    third less without. torch's threads inherit the setting when they are started, so it is made before the first.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def keep_freed_memory() -> None:
    """Do not give memory back to the system that the next step asks for again: a tenth of a step on a CPU.

    Only glibc can be told so; other systems' allocators do as they do.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_TRIM_THRESHOLD, _KEPT)
            mallopt(_M_MMAP_THRESHOLD, _FROM_HEAP)
