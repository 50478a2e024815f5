"""Find the digits of a page, and their lines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnet.data.photos import ground
from fcnet.data.photos.ground import Floats
from fcnet.data.photos.marks import Marks, frames, ink_of, marks
from fcnet.data.photos.place import place
from fcnet.data.photos.style import Style

SIDE = 2000  # pixels of the longer side of a page in which its digits are looked for
LEAST = 8  # pixels of a digit's longer side

# Shares of the usual height of the digits on a page.
SPECK = 0.3  # smaller marks are specks, unless they are part of a digit
PART = 0.7  # smaller marks may be part of one, such as the bar of a 5
REACH = 0.15  # marks that close belong together
TALL, WIDE = 1.5, 1.2  # of what belongs together
LINE = 0.55  # digits further apart are on different lines

TOUCHING = 1.15  # times its height: what is wider may be several digits
NARROW, DOUBTFUL = 0.7, 0.9  # times its height: so is what is as wide as this, if the answer to it is doubtful
NARROWEST = 0.25  # of its height: a part of touching digits
CUTS = 7  # places between two digits that are tried
MOST_TOUCHING = 4

SLOPES = np.tan(np.deg2rad(np.arange(-12, 12.25, 0.25)))  # of lines

Box = tuple[int, int, int, int]  # top, left, bottom, right (exclusive)

# From pixels uint8 (N, H, W) to the probability (N,) of the answer to each.
Surely = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


@dataclass(frozen=True)
class Found:
    """A digit of a page.

    Attributes:
        box: on the picture that was looked at.
        line: from 0, from the top.
        pixels: as the training images are, uint8 (H, W).
    """

    box: Box
    line: int
    pixels: NDArray[np.uint8]


def find(picture: NDArray[np.uint8], style: Style, surely: Surely) -> list[Found]:
    """Return the digits of a page (H, W, 3), whose longer side has at most ``SIDE`` pixels, in reading order."""
    ink = ground.ink(picture)
    if ink is None:
        return []
    found = marks(ink)
    signs = _signs(found)
    drawn: list[tuple[Box, NDArray[np.uint8]]] = []
    for members, box in signs:
        drawn += _drawn(ink_of(found, ink, members, box), box, style, surely)
    if not drawn:
        return []
    boxes = np.array([box for box, _ in drawn])
    return [Found(drawn[i][0], line, drawn[i][1]) for i, line in _order(boxes)]


def usual_height(boxes: NDArray[np.int64]) -> float:
    """Return the height of most digits, where larger ones count more: specks are many."""
    heights = np.sort(boxes[:, 2] - boxes[:, 0])
    total = np.cumsum(heights)
    return float(heights[np.searchsorted(total, total[-1] / 2)])


def _signs(found: Marks) -> list[tuple[NDArray[np.int64], Box]]:
    """Return the marks that belong together, as their numbers from 1 and their box."""
    use = np.flatnonzero(~frames(found) & (found.sides >= 2))
    if not len(use):
        return []
    boxes = found.boxes[use]
    usual = usual_height(boxes)
    groups = _groups(boxes, usual)
    signs = []
    for group in range(groups.max() + 1):
        mine = use[groups == group]
        chosen = found.boxes[mine]
        top, left = (int(edge) for edge in chosen[:, :2].min(0))
        bottom, right = (int(edge) for edge in chosen[:, 2:].max(0))
        if max(bottom - top, right - left) >= max(SPECK * usual, LEAST) and bottom - top > SPECK * usual:
            signs.append((mine + 1, (top, left, bottom, right)))
    return signs


def _groups(boxes: NDArray[np.int64], usual: float) -> NDArray[np.int64]:
    """Return a number (n,) for each mark, the same for those of one sign."""
    groups = np.arange(len(boxes))
    boxes = boxes.copy()
    small = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).max(1) < PART * usual)
    for i in small[np.argsort(-(boxes[small, 2] - boxes[small, 0]))]:
        whole = np.concatenate([np.minimum(boxes[:, :2], boxes[i, :2]), np.maximum(boxes[:, 2:], boxes[i, 2:])], 1)
        down = np.maximum(boxes[:, 0] - boxes[i, 2], boxes[i, 0] - boxes[:, 2])
        across = np.maximum(boxes[:, 1] - boxes[i, 3], boxes[i, 1] - boxes[:, 3])
        fits = (whole[:, 2] - whole[:, 0] < TALL * usual) & (whole[:, 3] - whole[:, 1] < WIDE * usual)
        apart = np.where(fits & (groups != groups[i]), np.maximum(down, 0) + np.maximum(across, 0), np.inf)
        j = int(apart.argmin())
        if apart[j] < REACH * usual:
            both = np.isin(groups, (groups[i], groups[j]))
            groups[both] = groups[j]
            boxes[both] = whole[j]
    return np.unique(groups, return_inverse=True)[1]


def _drawn(amount: Floats, box: Box, style: Style, surely: Surely) -> list[tuple[Box, NDArray[np.uint8]]]:
    """Return a sign as training images are, or the digits of it, if it is several that touch."""
    height, width = amount.shape
    whole = place(amount, style)
    if whole is None:
        return []
    best = [(box, whole.pixels)]
    if width <= NARROW * height:
        return best
    least = float(surely(whole.pixels[None])[0]) if width < 2 * TOUCHING * height else 0.0
    if width <= TOUCHING * height:
        if least > DOUBTFUL:
            return best
        least = max(least, DOUBTFUL)
    for parts in range(2, min(MOST_TOUCHING, round(width / (NARROWEST * height))) + 1):
        if not 0.3 * height < width / parts < 1.1 * height:
            continue
        cut = _cut(amount, parts, style)
        if len(cut) < parts:
            continue
        sure = float(surely(np.stack([pixels for _, pixels in cut])).min())
        if sure > least:
            least = sure
            best = [((box[0] + t, box[1] + x, box[0] + b, box[1] + r), pixels) for (t, x, b, r), pixels in cut]
    return best


def _cut(amount: Floats, parts: int, style: Style) -> list[tuple[Box, NDArray[np.uint8]]]:
    """Cut ink (h, w) where it is thinnest, near the places that divide it evenly."""
    width = amount.shape[1]
    thick = ndimage.uniform_filter1d(amount.sum(0), 3)
    places = [0]
    for i in range(1, parts):
        middle, reach = width * i / parts, 0.35 * width / parts
        near = np.arange(max(round(middle - reach), places[-1] + 1), min(round(middle + reach) + 1, width))
        if not len(near):
            return []
        away = np.abs(near - middle) / reach
        places.append(int(near[(thick[near] * (1 + 0.5 * away)).argmin()]))
    found = []
    for left, right in zip(places, [*places[1:], width], strict=True):
        part = amount[:, left:right]
        shown = part > 0.3
        if not shown.any():
            return []
        rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
        box = int(rows[0]), left + int(columns[0]), int(rows[-1]) + 1, left + int(columns[-1]) + 1
        placed = place(amount[box[0] : box[2], box[1] : box[3]], style)
        if placed is None:
            return []
        found.append((box, placed.pixels))
    return found


def _order(boxes: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return positions in reading order, each with its line."""
    usual = usual_height(boxes)
    y, x = boxes[:, ::2].mean(1), boxes[:, 1::2].mean(1)
    level = y - _slope(y, x, usual) * x
    down = np.argsort(level, kind="stable")
    line = np.concatenate([[0], np.cumsum(np.diff(level[down]) > LINE * usual)])
    lines = np.empty(len(boxes), np.int64)
    lines[down] = line
    return [(int(i), int(lines[i])) for i in np.lexsort((x, lines))]


def _slope(y: NDArray[np.float64], x: NDArray[np.float64], usual: float) -> float:
    """Return the slope of lines: that at which digits gather at the fewest heights."""
    apart = np.abs(y[:, None] - y[None, :] - SLOPES[:, None, None] * (x[:, None] - x[None, :]))
    near = np.exp(-((apart / (0.2 * usual)) ** 2)).sum((1, 2))
    best = near.max()
    close = np.flatnonzero(near >= best * (1 - 1e-9))
    return float(SLOPES[close[np.abs(SLOPES[close]).argmin()]])
