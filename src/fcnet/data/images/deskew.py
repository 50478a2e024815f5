"""Shear slanted digits upright."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

AT_ONCE = 1 << 20  # pixels that are worked on together, each of which takes some 70 bytes during the computation

# Below this variance of its rows, light is in a single row, and its slant is only rounding errors.
LEAST_SPREAD = 1e-6


def deskewed(pixels: Grey, at_once: int = AT_ONCE) -> Grey:
    """Return images (N, H, W) of light digits on black, sheared so that their main axes are vertical, and centred.

    Rows are moved sideways by their height above the centre of mass times the slant, which is the covariance of columns
    and rows over the variance of rows, with the pixels as weights (LeCun et al. 1998, section III.A); then the centre
    of mass is moved to the middle. Interpolation is linear, and black beyond the edge. Light in one row has no slant.
    """
    some = max(at_once // max(pixels[0].size, 1), 1) if len(pixels) else 1
    parts = [_upright(pixels[first : first + some]) for first in range(0, len(pixels), some)]
    return np.concatenate([pixels[:0], *parts])


def _upright(pixels: Grey) -> Grey:
    _, height, width = pixels.shape
    y, x = np.arange(height, dtype=np.float64), np.arange(width, dtype=np.float64)
    light = pixels.astype(np.float64)
    mass = np.maximum(light.sum((1, 2)), 1)[:, None]
    rows, columns = light.sum(2), light.sum(1)
    lit = rows.sum(1) > 0
    middle = rows @ y[:, None] / mass, columns @ x[:, None] / mass  # (N, 1) each
    above, aside = y - middle[0], x - middle[1]  # (N, H), (N, W)
    spread, least = (rows * above**2).sum(1), LEAST_SPREAD * mass[:, 0]
    slant = np.einsum("nyx,ny,nx->n", light, above, aside) / np.maximum(spread, least)
    slant[spread <= least] = 0
    down, right = (
        np.where(lit[:, None], centre - (side - 1) / 2, 0.0)
        for centre, side in zip(middle, (height, width), strict=True)
    )
    moved = _between(light, (y + down)[:, :, None], 1)
    from_middle = y - (height - 1) / 2
    moved = _between(moved, x + (slant[:, None] * from_middle + right)[:, :, None], 2)
    found: Grey = moved.round().astype(np.uint8)
    return found


def _between(images: NDArray[np.float64], at: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Interpolate images (N, H, W) along an axis at positions (N, H, 1) or (N, H, W); 0 beyond the edge."""
    before = np.floor(at).astype(np.int64)
    last, share = images.shape[axis] - 1, at - before

    def taken(which: NDArray[np.int64]) -> NDArray[np.float64]:
        within = (which >= 0) & (which <= last)
        return np.where(within, np.take_along_axis(images, which.clip(0, last), axis), 0.0)

    return (1 - share) * taken(before) + share * taken(before + 1)
