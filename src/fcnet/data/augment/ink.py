"""How bright strokes are, and noise."""

import math
from typing import Self

import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, ends

TABLE = 1 << 20  # places in a table of noise at which an image's noise may begin

WHITE = 255.0


class Contrast:
    """Multiplies the ink of each image by a factor (N,)."""

    def __init__(self, factors: Tensor) -> None:
        self._factors = factors[:, None, None]

    @classmethod
    def of(cls, settings: Augment, draws: Draws, _size: tuple[int, int]) -> Self | None:
        """Return the change of a config."""
        if settings.contrast is None:
            return None
        low, high = ends(settings.contrast, lambda factor: (factor, 1.0))
        return cls(draws.tensor(draws.uniform("contrast", low, high)))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return changed ink (B, H, W)."""
        return ink.mul_(self._factors[images])


class Noise:
    """Adds Gaussian noise to each pixel, of one standard deviation for each image.

    Drawing a number for each pixel would take longer than all else together. So a table of numbers is drawn for each
    epoch, and each image takes them from some place on.

    Args:
        deviations: standard deviations (N,), where white is 255.
        places: where each image's noise begins in the table, int64 (N,).
        table: standard normal numbers.
    """

    def __init__(self, deviations: Tensor, places: Tensor, table: Tensor) -> None:
        self._deviations, self._places, self._table = deviations[:, None, None], places, table

    @classmethod
    def of(cls, settings: Augment, draws: Draws, size: tuple[int, int]) -> Self | None:
        """Return the change of a config."""
        if settings.noise is None:
            return None
        deviations = draws.tensor(draws.uniform("noise", 0.0, settings.noise * WHITE))
        places = draws.whole("places of noise", TABLE)
        table = torch.randn(TABLE + math.prod(size), generator=draws.generator("table of noise"))
        return cls(deviations, places, table.to(deviations.device))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return ink (B, H, W) with noise."""
        windows = self._table.unfold(0, ink[0].numel(), 1)  # (TABLE + 1, H * W), without a copy
        noise = torch.index_select(windows, 0, self._places[images]).view(ink.shape)
        return ink.add_(noise.mul_(self._deviations[images]))
