"""Elastic distortion: each pixel is displaced by smooth random fields (Simard, Steinkraus and Platt 2003)."""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, Floats
from fcnet.data.augment.ink import TABLE

Size = tuple[int, int]  # height, width in pixels

REACH = 8.0  # standard deviations beyond which a Gaussian is less than the precision of its sum


class Elastic:
    """Displaces places in images.

    The Gaussian is a product of one along each axis, so a blur is two small matrix products, 28 x 28 for digits: a
    hundredth of the work of the kernel in two dimensions. As for noise, each image takes its numbers from some place of
    a table on, which is drawn for each epoch.

    Args:
        places: where each image's numbers begin in the table, int64 (N,).
        table: numbers uniform in [-1, 1].
        down: the blur along y as a matrix (H, H), and its factor.
        across: the blur along x as a matrix (W, W).
    """

    def __init__(self, places: Tensor, table: Tensor, down: Tensor, across: Tensor) -> None:
        self._places, self._table, self._down, self._across = places, table, down, across

    @classmethod
    def of(cls, settings: Augment, draws: Draws, size: Size) -> Self | None:
        """Return the distortion of a config."""
        if settings.elastic is None:
            return None
        places = draws.whole("places of elastic", TABLE)
        table = torch.rand(TABLE + 2 * math.prod(size), generator=draws.generator("table of elastic")).mul_(2).sub_(1)
        sigma, alpha = settings.elastic.sigma, settings.elastic.alpha
        down, across = alpha * blurring(size[0], sigma), blurring(size[1], sigma)
        return cls(places, table.to(places.device), draws.tensor(down), draws.tensor(across))

    def displace(self, places: Tensor, images: slice) -> Tensor:
        """Add the displacements of some images to places (B, H, W, 2): x and y in [-1, 1] from edge to edge."""
        height, width = places.shape[1:3]
        x, y = self.fields(images).unbind(0)
        places[..., 0] += x.mul_(2 / width)
        places[..., 1] += y.mul_(2 / height)
        return places

    def fields(self, images: slice) -> Tensor:
        """Return the displacements of some images (2, B, H, W), in pixels: along x, and along y."""
        height, width = len(self._down), len(self._across)
        starts = self._places[images]
        windows = self._table.unfold(0, height * width, 1)  # (TABLE + H * W + 1, H * W), without a copy
        numbers = torch.index_select(windows, 0, torch.cat([starts, starts + height * width]))
        blurred = numbers.view(-1, width) @ self._across.T
        turned = blurred.view(-1, height, width).transpose(1, 2).reshape(-1, height)
        both = (turned @ self._down.T).view(2, len(starts), width, height)
        return both.transpose(2, 3)


def blurring(n: int, sigma: float) -> Floats:
    """Return the matrix (n, n) that blurs n numbers with a Gaussian, with 0 beyond the ends.

    Args:
        n: how many numbers.
        sigma: the standard deviation.
    """
    distances = np.arange(-math.ceil(REACH * sigma), math.ceil(REACH * sigma) + 1)
    total = np.exp(-0.5 * (distances / sigma) ** 2).sum()
    apart = np.subtract.outer(np.arange(n), np.arange(n))
    return np.asarray(np.exp(-0.5 * (apart / sigma) ** 2) / total)
