"""Named streams of random numbers: each thing that is drawn by chance has its own, so that none moves another.

torch's global generator is not touched: several trainings in one process do not disturb each other, and what one more
augmentation draws changes neither the dropout nor the order of the images.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

CPU = torch.device("cpu")

# What is drawn: first weights; dropped units; noise, corruption and codes; changes of the images. The order of the
# images is a function of seed and epoch alone (``data.batches.epoch_order``).
STREAMS = ("init", "dropout", "noise", "augmentation")


class Randomness:
    """The streams of one training.

    Args:
        seed: of all of them.
        device: that draws.
    """

    def __init__(self, seed: int, device: torch.device = CPU) -> None:
        self._seed, self._device = seed, device
        self._generators: dict[str, torch.Generator] = {}

    def stream(self, name: str) -> torch.Generator:
        """Return the generator of a name of ``STREAMS``: always the same one, which moves on as it is drawn from."""
        if name not in self._generators:
            self._generators[name] = torch.Generator(self._device).manual_seed(seed_of(self._seed, name))
        return self._generators[name]

    def state(self) -> dict[str, Any]:
        """Return where each stream that was drawn from is, for a checkpoint."""
        return {name: generator.get_state() for name, generator in self._generators.items()}

    def load(self, state: dict[str, Any]) -> None:
        """Resume streams where ``state`` says. Raises ValueError for a name that is not a stream's."""
        for name, where in state.items():
            self.stream(name).set_state(where)


def seed_of(seed: int, name: str) -> int:
    """Return the seed of a stream. Raises ValueError for a name that is not one of ``STREAMS``."""
    if name not in STREAMS:
        raise ValueError(f"{name!r} is no random stream; there are {', '.join(STREAMS)}")
    return int(np.random.SeedSequence((seed, *name.encode())).generate_state(1, np.uint64)[0])


class Drawing(nn.Module):
    """A module that draws while it is trained.

    Attributes:
        stream: the name of the stream that it draws from.
        generator: that stream; torch's global generator until ``connect``.
    """

    stream: str
    generator: torch.Generator | None = None


def connect(model: nn.Module, randomness: Randomness) -> None:
    """Give each module that draws its stream."""
    for module in model.modules():
        if isinstance(module, Drawing):
            module.generator = randomness.stream(module.stream)
