"""Gaussian blur, one axis after the other, with the background beyond the edges."""

import math
from typing import Self

import numpy as np
from torch import Tensor
from torch.nn import functional

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, Floats

REACH = 3.0  # standard deviations at which the Gaussian is cut off


class Blur:
    """Blurs each image.

    Args:
        weights: of the pixels at distances 0 to R, for each image (N, R + 1).
    """

    def __init__(self, weights: Tensor) -> None:
        self._weights = weights[:, :, None, None]

    @classmethod
    def of(cls, settings: Augment, draws: Draws, _size: tuple[int, int]) -> Self | None:
        """Return the change of a config."""
        if settings.blur is None:
            return None
        sigmas = draws.uniform("blur", 0.0, settings.blur)
        return cls(draws.tensor(gaussians(sigmas, math.ceil(REACH * settings.blur))))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return blurred ink (B, H, W)."""
        weights = self._weights[images].unbind(1)
        wider = functional.pad(ink, [len(weights) - 1] * 4)
        return along(along(wider, weights, 1), weights, 2)


def gaussians(sigmas: Floats, radius: int) -> Floats:
    """Return weights (N, radius + 1) at distances 0 to ``radius``; those of both sides sum to 1."""
    distances = np.arange(radius + 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # a standard deviation of 0 leaves the image as it is
        weights = np.where(distances, np.exp(-0.5 * (distances / sigmas[:, None]) ** 2), 1.0)
    return np.asarray(weights / (2 * weights.sum(1, keepdims=True) - 1))


def along(wider: Tensor, weights: tuple[Tensor, ...], axis: int) -> Tensor:
    """Return sums of neighbours along an axis, times the weights (B, 1, 1) of their distances; R fewer at each end.

    Only sums and products, one after the other, so that no bit depends on how torch divides the work.
    """
    radius = len(weights) - 1
    inner = wider.shape[axis] - 2 * radius
    found = wider.narrow(axis, radius, inner) * weights[0]
    for distance, weight in enumerate(weights[1:], 1):
        before, after = (wider.narrow(axis, radius + by, inner) for by in (-distance, distance))
        found += (before + after).mul_(weight)
    return found
