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

SMALL = 128  # pixels of the longer side on which the ground is estimated: shadows are smooth

# Terms of the surface that is fitted in each round: a colour, a plane, a quadratic surface.
ROUNDS = (1, 1, 3, 3, 6, 6, 6)
EDGE = 0.75  # of the way from the middle to the edge: beyond it is rather paper, and counts twice

LEAST_CONTRAST = 0.06  # of white: less is texture and the noise of a camera
NOISES = 4.0  # times the spread of the paper: below it, nothing is ink
STROKES = 85  # percentile of the contrast of all that is not paper, which is that of the middle of strokes
WINDOW = 0.2  # of the longer side: strokes are narrower, the light and the dark parts of a shadow wider
NARROW = (0.05, 0.1, 0.2)  # the same, to tell strokes from their ground
SHADOW = 0.1  # of white: grounds that vary more have shadow, which may differ more than ink
THIN = 60  # pixels of a side: smaller pictures have strokes of a pixel, and no noise
DIM = 0.15  # of white: darker grounds reflect too little to tell how much light falls on them
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
    smooth = _with_shadow(small, _surface(small))
    light = _is_light(small, smooth)
    ground = _levelled(_without_strokes(small, WINDOW, light), small)
    off = resized(ground, picture.shape[:2], Image.Resampling.BILINEAR)
    # Ink takes a share of the light: in shadow as much of what is left.
    off = off - values if light else (off - values) / np.maximum(off, DIM)
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
    return Ink(amount, light, noise / contrast, uneven)


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


def _is_light(small: Floats, smooth: Floats) -> bool:
    """Return whether ink is lighter than its ground.

    On even ground most of what differs tells; where there is shadow, what is narrow: strokes, rather than shadows.
    """
    low, high = np.percentile(smooth, (2, 98), (1, 2))
    if (high - low).max() < SHADOW:
        off = small - smooth
        size = np.abs(off).max(0)
        return bool(off[:, size > 0.5 * np.percentile(size, 99)].sum() > 0)
    strength = {True: 0.0, False: 0.0}
    for share in NARROW:
        for light in strength:
            strength[light] += float((np.abs(small - _without_strokes(small, share, light)).max(0) ** 2).sum())
    return strength[True] > strength[False]


def _without_strokes(small: Floats, share: float, light: bool) -> Floats:
    """Return planes (3, h, w) without all dark (or light) that is narrower than a share of the longer side.

    A closing (an opening for light strokes) leaves the edges of what is wider in their place, such as shadows'.
    """
    window = max(round(share * max(small.shape[1:])) | 1, 3)
    even = ndimage.median_filter(small, (1, 3, 3), mode="nearest") if min(small.shape[1:]) > THIN else small
    filters = (ndimage.minimum_filter, ndimage.maximum_filter)
    for one in filters if light else filters[::-1]:
        even = one(even, (1, window, window), mode="nearest")
    return even


def _levelled(ground: Floats, small: Floats) -> Floats:
    """Return a ground at the mean of the paper, not at the extremes of its noise."""
    sigma = max(small.shape[1:]) / 96
    ground = ndimage.gaussian_filter(ground, (0, sigma, sigma), mode="nearest")
    away = small - ground
    size = np.abs(away).max(0)
    shifted: Floats = ground + away[:, size <= np.median(size)].mean(1)[:, None, None]
    return shifted
