"""Thicker and thinner strokes: grey dilation and erosion with the four neighbours, in fractions of a pixel."""

import math
from typing import Self

import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, ends


class Strokes:
    """Thickens strokes by a number of pixels on each side; negative numbers thin them.

    Args:
        pixels: of each image (N,).
        most: the largest absolute number.
    """

    def __init__(self, pixels: Tensor, most: float) -> None:
        self._pixels, self._levels = pixels[:, None, None], math.ceil(most)

    @classmethod
    def of(cls, settings: Augment, draws: Draws, _size: tuple[int, int]) -> Self | None:
        """Return the change of a config."""
        if settings.stroke is None:
            return None
        low, high = ends(settings.stroke, lambda most: (-most, most))
        return cls(draws.tensor(draws.uniform("stroke", low, high)), max(abs(low), abs(high)))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return changed ink (B, H, W)."""
        pixels = self._pixels[images]
        sign = torch.where(pixels < 0, -1.0, 1.0)  # erosion is the dilation of the negative
        ink = ink.mul_(sign)
        for level in range(self._levels):
            part = (pixels.abs() - level).clamp_(0, 1)
            ink += dilated(ink).sub_(ink).mul_(part)
        return ink.mul_(sign)


def dilated(ink: Tensor) -> Tensor:
    """Return the maximum of each pixel and its four neighbours, in a new tensor (B, H, W)."""
    most = ink.clone()
    for to, of in (
        (most[:, 1:], ink[:, :-1]),
        (most[:, :-1], ink[:, 1:]),
        (most[:, :, 1:], ink[:, :, :-1]),
        (most[:, :, :-1], ink[:, :, 1:]),
    ):
        torch.maximum(to, of, out=to)
    return most
