"""What is set for the whole process while it trains."""

import contextlib
from collections.abc import Iterator

import torch


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
