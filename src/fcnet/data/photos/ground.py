"""Take the paper off: from a picture to how much ink each of its pixels has.

The ground (paper, screen, board) is estimated locally, so that shadow does not count as ink. What differs from it is
ink, whether darker or lighter, in any colour.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALL = 128  # pixels of the longer side on which the ground is estimated: shadows are smooth

LEAST_CONTRAST = 0.06  # of white: less is texture and the noise of a camera
CLEAR = 3.3  # times the spread of the paper: the contrast of strokes that can be told from it
NOISES = 4.0  # times the spread of the paper: below it, nothing is ink
STROKES = 95  # percentile of the contrast of all that is not paper, which is that of the middle of strokes
# Of the longer side: strokes are narrower than the last window, the light and the dark parts of a shadow wider.
WINDOWS = (0.06, 0.1, 0.15, 0.2, 0.26)
BEYOND = 0.05  # of the longer side
ENOUGH = 0.7  # of what the last window removes: a window that removes as much is wider than most strokes
THIN = 60  # pixels of a side: smaller pictures have strokes of a pixel, and no noise
DIM = 0.15  # of white: darker grounds reflect too little to tell how much light falls on them
SOME, SAMPLED = 50_000, 256  # pixels, and pixels of a side, that suffice for a percentile
FAR, LEVEL = 4.0, 0.004  # times as far as the other ground, and a level: a ground that is no paper
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


def ink(picture: NDArray[np.uint8]) -> Ink | None:
    """Return the ink of a picture (H, W, 3); None if there is none."""
    # Planes (3, H, W), over which numpy reduces several times as fast as over the last axis.
    values = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
    small = _reduced(values)
    light, ground = _ground(small)
    lit = resized(ground, picture.shape[:2], Image.Resampling.BILINEAR)
    off = lit - values
    if not light:  # ink takes a share of the light: in shadow as much of what is left
        off /= np.maximum(lit, np.float32(DIM))
    size = np.abs(off).max(0)
    noise = _spread(off)
    marks = size[size > max(NOISES * noise, LEAST_CONTRAST)]
    if not marks.size:
        return None
    core = size > 0.5 * np.percentile(marks[:: max(marks.size // SOME, 1)], STROKES)
    colour = off[:, core].mean(1)
    contrast = float(np.abs(colour).max())
    if contrast < max(LEAST_CONTRAST, CLEAR * noise):
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


def _ground(small: Floats) -> tuple[bool, Floats]:
    """Return whether ink is lighter than its ground, and the ground, of planes (3, h, w).

    The ground is the picture without all that is narrower than a window: by closings for dark ink, openings for light
    ink. They leave the edges of what is wider, such as shadows, in their place.
    """
    even = ndimage.median_filter(small, (1, 3, 3), mode="nearest") if min(small.shape[1:]) > THIN else small
    dark, light = ([_without_strokes(even, share, light) for share in WINDOWS] for light in (False, True))
    # Of the wrong polarity, the ground has the digit's outline and loops.
    is_light = _variation(light[-1]) < _variation(dark[-1])
    far, other = (_far(even, ground) for ground in ((light[-1], dark[-1]) if is_light else (dark[-1], light[-1])))
    if far > FAR * (other + LEVEL):  # between the lines of squared paper there are only spots of it
        is_light = not is_light
    grounds = light if is_light else dark
    removed = [float((np.abs(even - ground).max(0) ** 2).sum()) for ground in grounds]
    # A wider window than strokes need takes off corners of shadows too.
    enough = next(i for i, one in enumerate(removed) if one >= ENOUGH * removed[-1])
    return is_light, _levelled(grounds[min(enough + 1, len(WINDOWS) - 1)], small)


def _variation(ground: Floats) -> float:
    """Return the total variation of planes (3, h, w)."""
    return float(np.abs(np.diff(ground, axis=1)).sum() + np.abs(np.diff(ground, axis=2)).sum())


def _far(even: Floats, ground: Floats) -> float:
    """Return how far planes (3, h, w) are from a ground of them in the median: paper is most of a picture."""
    return float(np.median(np.abs(even - ground).max(0)))


def _without_strokes(even: Floats, share: float, light: bool) -> Floats:
    """Return planes (3, h, w) without what is dark (or light) and narrower than a share of their longer side."""
    window = max(round(share * max(even.shape[1:])) | 1, 3)
    # The picture is continued for both filters, since the second begins where the first saw one side only: but by less
    # than a window, or strokes along its edge would be continued too.
    beyond = max(round(BEYOND * max(even.shape[1:])), 1)
    found = np.pad(even, ((0, 0), (beyond, beyond), (beyond, beyond)), mode="edge")
    filters = (ndimage.minimum_filter, ndimage.maximum_filter)
    for one in filters if light else filters[::-1]:
        found = one(found, (1, window, window), mode="nearest")
    return found[:, beyond:-beyond, beyond:-beyond]


def _levelled(ground: Floats, small: Floats) -> Floats:
    """Return a ground at the mean of the paper, not at the extremes of its noise."""
    sigma = max(small.shape[1:]) / 96
    ground = ndimage.gaussian_filter(ground, (0, sigma, sigma), mode="nearest")
    away = small - ground
    size = np.abs(away).max(0)
    shifted: Floats = ground + away[:, size <= np.median(size)].mean(1)[:, None, None]
    return shifted
