"""Take the paper off: from a picture to how much ink each of its pixels has.

The ground (paper, screen, board) is estimated locally, so that shadow does not count as ink. What differs from it is
ink, whether darker or lighter, in any colour.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALL = 96  # pixels of the longer side on which the ground is estimated: shadows are smooth

# Terms of the surface that is fitted in each round: a colour, a plane, a quadratic surface.
ROUNDS = (1, 1, 3, 3, 6, 6, 6)
EDGE = 0.75  # of the way from the middle to the edge: beyond it is rather paper, and counts twice

LEAST_CONTRAST = 0.06  # of white: less is texture and the noise of a camera
NOISES = 4.0  # times the spread of the paper: below it, nothing is ink
STROKES = 85  # percentile of the contrast of all that is not paper, which is that of the middle of strokes
SOME, SAMPLED = 50_000, 256  # pixels, and pixels of a side, that suffice for a percentile
UNEVEN = 0.05  # of white: grounds that vary more have shadow


@dataclass(frozen=True)
class Ink:
    """What is drawn on a picture.

    Attributes:
        amount: (H, W), 0 on the paper and about 1 in the middle of strokes.
        light: whether the ink is lighter than its ground.
        noise: spread of the paper, on the scale of ``amount``.
        uneven: whether the ground has shadow or texture.
    """

    amount: Floats
    light: bool
    noise: float
    uneven: bool

    def without(self, mask: Mask) -> "Ink":
        """Return the ink without that under a mask (H, W)."""
        return replace(self, amount=np.where(mask, np.float32(0), self.amount))


def ink(picture: NDArray[np.uint8]) -> Ink | None:
    """Return the ink of a picture (H, W, 3); None if there is none."""
    # Planes (3, H, W), over which numpy reduces several times as fast as over the last axis.
    values = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
    small = _reduced(values)
    ground = _with_shadow(small, _surface(small))
    off = resized(ground, picture.shape[:2], Image.Resampling.BILINEAR) - values
    size = np.abs(off).max(0)
    noise = _spread(off)
    marks = size[size > max(NOISES * noise, LEAST_CONTRAST)]
    if not marks.size:
        return None
    core = size > 0.5 * np.percentile(marks[:: max(marks.size // SOME, 1)], STROKES)
    colour = off[:, core].mean(1)
    contrast = float(np.abs(colour).max())
    if contrast < max(LEAST_CONTRAST, 2 * noise):
        return None
    amount: Floats = np.tensordot(colour / np.float32(colour @ colour), off, 1)
    low, high = np.percentile(ground, (2, 98), (1, 2))
    uneven = bool((high - low).max() > UNEVEN or noise > UNEVEN / 4)
    return Ink(amount, bool(colour.sum() < 0), noise / contrast, uneven)


def _spread(off: Floats) -> float:
    """Return the spread of the paper about its ground: from the median of absolute differences, of some pixels."""
    some = off[:, :: max(off.shape[1] // SAMPLED, 1), :: max(off.shape[2] // SAMPLED, 1)]
    middle = np.median(some, (1, 2), keepdims=True)
    return float(1.4826 * np.median(np.abs(some - middle), (1, 2)).max())


def _reduced(values: Floats) -> Floats:
    """Return planes (3, h, w) on which the ground is estimated."""
    height, width = values.shape[1:]
    share = min(SMALL / max(height, width), 1.0)
    return resized(values, (max(round(height * share), 1), max(round(width * share), 1)), Image.Resampling.BOX)


def resized(values: Floats, size: tuple[int, ...], how: Image.Resampling) -> Floats:
    """Resize an array (H, W), or planes (C, H, W), to a height and width."""
    if values.shape[-2:] == size:
        return values
    if values.ndim == 3:
        return np.stack([resized(plane, size, how) for plane in values])
    height, width = size
    return np.asarray(Image.fromarray(values).resize((width, height), how))


def _surface(small: Floats) -> Floats:
    """Fit a smooth surface to most of the pixels, weighing down what lies off it (Tukey's biweight, softened)."""
    channels, height, width = small.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1).reshape(-1, 6)
    favoured = np.where(np.maximum(np.abs(x), np.abs(y)).reshape(-1) > EDGE, 2.0, 1.0)
    values = small.reshape(channels, -1).T.astype(np.float64)
    fitted = np.broadcast_to(_commonest(values, favoured), values.shape)
    for k in ROUNDS:
        away = np.abs(values - fitted).max(1)
        scale = 2.0 * np.median(away) + 0.02
        weighted = terms[:, :k] * (favoured / (1 + (away / scale) ** 2) ** 2)[:, None]
        gram = weighted.T @ terms[:, :k] + 1e-6 * len(values) * np.eye(k)
        fitted = terms[:, :k] @ np.linalg.solve(gram, weighted.T @ values)
    return fitted.T.reshape(small.shape).astype(np.float32)


def _commonest(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the most frequent colour (C,) of pixels (n, C)."""
    codes = (values * 15.999).astype(np.int64).clip(0, 15) @ (16 ** np.arange(values.shape[1]))
    commonest = values[codes == np.bincount(codes, weights=weights).argmax()].mean(0)
    near = np.abs(values - commonest).max(1) < 0.12
    found: NDArray[np.float64] = values[near].mean(0)
    return found


def _with_shadow(small: Floats, ground: Floats) -> Floats:
    """Let a surface follow shadows: add the mean difference of the paper near each pixel, leaving out the ink."""
    for share in (0.12, 0.06):
        away = np.abs(small - ground).max(0)
        paper = ndimage.binary_erosion(away < max(3 * 1.4826 * np.median(away), 0.04), border_value=1)
        weight = paper.astype(np.float32)
        sigma = share * max(small.shape[1:])
        total = ndimage.gaussian_filter(weight, sigma, mode="nearest")
        near = ndimage.gaussian_filter((small - ground) * weight, (0, sigma, sigma), mode="nearest")
        ground = ground + near / (total + np.float32(0.02))
    return ground
