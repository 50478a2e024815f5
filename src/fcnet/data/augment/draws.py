"""The random numbers of an epoch, which depend only on seed, epoch, purpose and the number of the image."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


class Draws:
    """Random numbers of the images of one epoch.

    All are drawn on the CPU, so that they are the same on every device, and each purpose has its own generator, so that
    none changes the numbers of another. There is no state to save: an epoch that is resumed draws the same.

    Args:
        seed: of the stream "augmentation".
        epoch: from 1.
        n: number of images.
        device: of the tensors that are returned.
    """

    def __init__(self, seed: int, epoch: int, n: int, device: torch.device) -> None:
        self._key, self._n, self._device = (seed, epoch), n, device

    def generator(self, purpose: str) -> torch.Generator:
        """Return a new generator for a purpose."""
        return torch.Generator().manual_seed(self.seed(purpose))

    def seed(self, purpose: str) -> int:
        """Return the seed of the generator of a purpose."""
        return int(np.random.SeedSequence((*self._key, *purpose.encode())).generate_state(1, np.uint64)[0])

    def uniform(self, purpose: str, low: float, high: float) -> Floats:
        """Return a number in [low, high) for each image (n,)."""
        drawn: Floats = torch.rand(self._n, generator=self.generator(purpose), dtype=torch.float64).numpy()
        return low + (high - low) * drawn

    def chosen(self, purpose: str, share: float) -> Tensor:
        """Return which images (n,) are chosen, each with a probability, on the device."""
        return torch.from_numpy(self.uniform(purpose, 0, 1) < share).to(self._device)

    def whole(self, purpose: str, below: int) -> Tensor:
        """Return a whole number from 0 to ``below`` - 1 for each image, int64 (n,), on the device."""
        return torch.from_numpy(self.uniform(purpose, 0, below).astype(np.int64)).to(self._device)

    def tensor(self, values: Floats) -> Tensor:
        """Return numbers (n, ...) as float32 on the device."""
        return torch.from_numpy(values).to(self._device, torch.float32)


def ends(given: float | list[float], of_number: Callable[[float], tuple[float, float]]) -> tuple[float, float]:
    """Return a range: the one that is given, or what a number is short for."""
    return (given[0], given[1]) if isinstance(given, list) else of_number(given)
