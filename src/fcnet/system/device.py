"""The device that computes: which one, its clock, and what is set for the whole process during training."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

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
        several = f"only cuda:0 to cuda:{count - 1}" if count > 1 else "only cuda:0"
        has = several if count else "no CUDA device that torch can use"
        raise ConfigError(f"device: is {name!r}; this machine has {has}; choose auto or cpu")
    return device


def in_background(work: Callable[[], object]) -> threading.Thread:
    """Start something that will be needed soon, such as an import, in a thread; what fails there fails again later."""

    def run() -> None:
        with contextlib.suppress(Exception):
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def wake(device: torch.device) -> None:
    """Begin to start a GPU, which takes half a second, while something else is done."""
    if device.type == "cuda":
        in_background(lambda: torch.ones(1, 1, device=device) @ torch.ones(1, 1, device=device))


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global CPU generator inside a ``with`` block, and restore its state afterwards."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)


class Stopwatch:
    """Sums up the seconds of named parts.

    Args:
        names: of the parts.
        device: that computes; on a GPU, its own clock is read, at ``seconds`` and not before.
    """

    def __init__(self, names: Sequence[str], device: torch.device) -> None:
        self._seconds = dict.fromkeys(names, 0.0)
        self._device = device
        self._open: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []

    @contextlib.contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add the seconds of the context's body to a part."""
        if self._device.type != "cuda":
            began = time.perf_counter()
            yield
            self._seconds[name] += time.perf_counter() - began
            return
        with torch.cuda.device(self._device):
            start, end = (_event() for _ in range(2))
            start.record()
            yield
            end.record()
        self._open.append((name, start, end))

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part so far. Waits for the device."""
        for name, start, end in self._open:
            end.synchronize()
            self._seconds[name] += start.elapsed_time(end) / 1000
        self._open = []
        return dict(self._seconds)

    def load(self, seconds: dict[str, float]) -> None:
        """Continue from the ``seconds`` of another stopwatch. Raises KeyError if a part is missing."""
        self._seconds = {name: float(seconds[name]) for name in self._seconds}
        self._open = []


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
