"""Named streams of random numbers, one for each purpose, so that they do not affect each other.

torch's global generator is not used: several trainings in one process do not disturb each other, and another
augmentation changes neither the dropout nor the order of the images.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

CPU = torch.device("cpu")

# Initial weights; dropped units; noise, corruption and codes; augmentation of the images; which images have labels, and
# which of these are in a batch. The order of the images depends only on seed and epoch (``data.batches.epoch_order``).
STREAMS = ("init", "dropout", "noise", "augmentation", "labelled")


class Randomness:
    """The streams of one training.

    Args:
        seed: of all of them.
        device: of the generators.
    """

    def __init__(self, seed: int, device: torch.device = CPU) -> None:
        self._seed, self._device = seed, device
        self._generators: dict[str, torch.Generator] = {}

    def stream(self, name: str) -> torch.Generator:
        """Return the generator of a name of ``STREAMS``, the same object at each call."""
        if name not in self._generators:
            self._generators[name] = torch.Generator(self._device).manual_seed(seed_of(self._seed, name))
        return self._generators[name]

    def generators(self) -> list[torch.Generator]:
        """Return the generators that are in use."""
        return list(self._generators.values())

    def state(self) -> dict[str, Any]:
        """Return the state of each stream that is in use, for a checkpoint."""
        return {name: generator.get_state() for name, generator in self._generators.items()}

    def load(self, state: dict[str, Any]) -> None:
        """Load the ``state`` of another object. Raises ValueError for a name that is not one of ``STREAMS``."""
        for name, where in state.items():
            self.stream(name).set_state(where)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Restore all streams after a ``with`` block."""
        before = self.state()
        try:
            yield
        finally:
            for name, generator in self._generators.items():
                if name not in before:
                    generator.manual_seed(seed_of(self._seed, name))
            self.load(before)


def seed_of(seed: int, name: str) -> int:
    """Return the seed of a stream. Raises ValueError for a name that is not one of ``STREAMS``."""
    if name not in STREAMS:
        raise ValueError(f"{name!r} is not a random stream; the streams are {', '.join(STREAMS)}")
    return int(np.random.SeedSequence((seed, *name.encode())).generate_state(1, np.uint64)[0])


class Drawing(nn.Module):
    """A module that draws random numbers during training.

    Attributes:
        stream: the name of the stream that it draws from.
        generator: of that stream; torch's global generator before ``connect``.
    """

    stream: str
    generator: torch.Generator | None = None


def connect(model: nn.Module, randomness: Randomness) -> None:
    """Set the generator of each module that draws."""
    for module in model.modules():
        if isinstance(module, Drawing):
            module.generator = randomness.stream(module.stream)
