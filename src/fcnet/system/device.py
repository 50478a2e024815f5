"""The device that computes: which one, and what is set for the whole process during training."""

import contextlib
from collections.abc import Iterator

import torch

from fcnet.errors import ConfigError


@contextlib.contextmanager
def flush_denormals() -> Iterator[None]:
    """Flush numbers below 1.2e-38 to 0, on CPUs that support it.

    If pixels are rarely lit, Adam's averages decay to such numbers, and arithmetic on them is slow: without them a step
    takes a third less time. torch's threads inherit the setting when they start, so it is set before the first one.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def choose(name: str) -> torch.device:
    """Return the device of a name: auto, cpu, cuda or cuda:N. Raises ConfigError if this machine does not have it."""
    if name == "cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    device = torch.device(name)
    if (device.index or 0) >= count:
        has = f"only cuda:0 to cuda:{count - 1}" if count else "no CUDA device that torch can use"
        raise ConfigError(f"device: is {name!r}; this machine has {has}; choose auto or cpu")
    return device


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global generator of the CPU draws by a seed; afterwards it is as it was before."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
