"""Images swapped left and right, and rectangles covered by the background."""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, Floats

Size = tuple[int, int]  # height, width in pixels

SLIMMEST = 0.3  # the smallest ratio of a rectangle's sides (Zhong et al. 2020)


class Flip:
    """Swaps left and right of the chosen images (N,)."""

    def __init__(self, chosen: Tensor) -> None:
        self._chosen = chosen[:, None, None]

    @classmethod
    def of(cls, settings: Augment, draws: Draws, _size: Size) -> Self | None:
        """Return the change of a config."""
        return None if settings.flip is None else cls(draws.chosen("flip", settings.flip))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return changed ink (B, H, W)."""
        return torch.where(self._chosen[images], ink.flip(2), ink)


class Erasing:
    """Covers a rectangle of each image by the background.

    Args:
        rows: of each image, the first row that is covered, and the first one below that is not (N, 2).
        columns: likewise.
        size: of the images.
    """

    def __init__(self, rows: Tensor, columns: Tensor, size: Size) -> None:
        self._rows, self._columns = rows, columns
        self._y, self._x = (torch.arange(n, device=rows.device) for n in size)

    @classmethod
    def of(cls, settings: Augment, draws: Draws, size: Size) -> Self | None:
        """Return the change of a config."""
        if settings.erasing is None:
            return None
        area = draws.uniform("area of erasing", 0, settings.erasing) * math.prod(size)
        ratio = np.exp(draws.uniform("ratio of erasing", math.log(SLIMMEST), -math.log(SLIMMEST)))
        sides = (np.sqrt(area * ratio), np.sqrt(area / ratio))
        rows, columns = (
            draws.tensor(span(side, n, draws.uniform(f"{name} of erasing", 0, 1)))
            for side, n, name in zip(sides, size, ("row", "column"), strict=True)
        )
        return cls(rows, columns, size)

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return changed ink (B, H, W)."""
        down, across = inside(self._y, self._rows[images]), inside(self._x, self._columns[images])
        return ink.mul_(1 - down[:, :, None] * across[:, None, :])


def span(side: Floats, n: int, place: Floats) -> Floats:
    """Return first and last end (N, 2), in whole pixels, of sides within n pixels, at places from 0 to 1 (N,)."""
    whole = np.minimum(np.round(side), n)
    first = np.floor(place * (n - whole + 1))
    return np.stack([first, first + whole], 1)


def inside(pixels: Tensor, ends: Tensor) -> Tensor:
    """Return 1 for pixels (n,) between two ends (B, 2), the second one excluded, else 0 (B, n)."""
    return ((pixels >= ends[:, :1]) & (pixels < ends[:, 1:])).to(ends.dtype)
