"""Draw a digit as the training images have theirs: size of its box, width of its strokes, position, brightness.

As MNIST was made (LeCun et al. 1998, section III.A): scaled to a box with its aspect kept, anti-aliased, then moved by
whole pixels until the centre of mass is in the middle. Before that, strokes are brought to the width of the training
images, measured and changed on an enlarged mask.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from fcnet.data.photos.ground import Floats, Mask, resized
from fcnet.data.photos.style import Style

FINE = 8  # subpixels per pixel of the result
HALF = 0.45  # of the ink in the middle of strokes: where their edge is
SMOOTH = 0.35  # of a pixel of the source: blur of enlarged pictures, whose pixels would be seen as steps


@dataclass(frozen=True)
class Placed:
    """A digit as the training images have theirs.

    Attributes:
        pixels: uint8 (H, W).
        grown: pixels that its strokes were widened by; negative if they were narrowed.
    """

    pixels: NDArray[np.uint8]
    grown: float


def place(amount: Floats, style: Style) -> Placed | None:
    """Draw ink (h, w), 0 to 1, which ends where its box ends; None if nothing is left of it."""
    solid = _fine(amount, style.box * FINE)
    if solid is None:
        return None
    solid, grown = _of_width(solid, style)
    return Placed(_in_the_middle(_scaled(solid, style), style), grown)


def _fine(amount: Floats, side: int) -> Mask | None:
    """Return the strokes on a grid on which the longer side of their box has ``side`` points, and a margin."""
    scale = side / max(amount.shape)
    padded = np.pad(amount.clip(0, 1), 2)
    height, width = (max(round(length * scale), 1) for length in padded.shape)
    if scale > 1:
        enlarged = resized(padded, (height, width), Image.Resampling.BICUBIC)
        solid = ndimage.gaussian_filter(enlarged, SMOOTH * scale) > HALF
    else:
        solid = resized(padded, (height, width), Image.Resampling.BOX) > HALF
    return _cropped(solid) if solid.any() else None


def _cropped(solid: Mask) -> Mask:
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    return solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _of_width(solid: Mask, style: Style) -> tuple[Mask, float]:
    """Return strokes as wide as those of the training images, and by how many pixels they were widened."""
    inside = ndimage.distance_transform_edt(np.pad(solid, 1))[1:-1, 1:-1]
    ridge = (inside == ndimage.maximum_filter(inside, 3)) & solid
    now = 2 * float(np.median(inside[ridge])) / FINE * style.box * FINE / max(solid.shape)
    wanted = min(max(now, style.thin), style.thick)
    by = (wanted - now) / 2 * FINE
    if by > 0:
        margin = int(np.ceil(by)) + 1
        # Strokes and box grow together: scaled back to the box, they would be too thin.
        by *= max(solid.shape) / max(max(solid.shape) - 2 * by, 1)
        outside = ndimage.distance_transform_edt(~np.pad(solid, margin))
        return _cropped(outside <= by), wanted - now
    thinner = inside > -by
    return (_cropped(thinner), wanted - now) if by < 0 and thinner.any() else (solid, 0.0)


def _scaled(solid: Mask, style: Style) -> Floats:
    """Return strokes in the box, 0 to 1, anti-aliased."""
    scale = min(style.box / max(solid.shape), *(side / own for side, own in zip(style.size, solid.shape, strict=True)))
    height, width = (max(round(length * scale), 1) for length in solid.shape)
    return resized(solid.astype(np.float32), (height, width), Image.Resampling.BOX)


def _in_the_middle(digit: Floats, style: Style) -> NDArray[np.uint8]:
    """Return an image with the digit where the training images have theirs."""
    image = np.zeros(style.size, np.float32)
    corner = []
    for axis, (side, own) in enumerate(zip(style.size, digit.shape, strict=True)):
        of_line = digit.sum(1 - axis)
        middle = float(of_line @ np.arange(own)) / float(of_line.sum()) if style.by_mass else (own - 1) / 2
        corner.append(min(max(round(style.middle[axis] - middle), 0), side - own))
    top, left = corner
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    levels = style.ground + image * (style.ink - style.ground)
    found: NDArray[np.uint8] = levels.round().astype(np.uint8)
    return found
