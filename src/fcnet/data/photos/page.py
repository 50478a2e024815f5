"""Find the digits of a page, and their lines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcnet.data.photos import cut, ground
from fcnet.data.photos.ground import Floats
from fcnet.data.photos.marks import Marks, around, frames, gaps, ink_of, marks
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

# Of what is wider than this times its height: it is cut only if the least sure part leaves less than this times its
# doubt; and less than that, if it is surer than this. Narrow signs are seldom two digits.
DOUBTS = ((1.15, 0.45, 0.93, 0.02), (0.95, 0.45, 0.93, 0.0), (0.55, 0.25, 0.79, 0.0))
MOST_OF_TWO, MANY = 2.4, 2.3  # times its height: wider are more than two; are several
NARROWEST = 0.4  # of its height: a part of three touching digits or more
MOST_TOUCHING = 4

FULL, TEXTURE = 1000, 5000  # signs, and marks: more are no page but a texture

SLOPES = np.tan(np.deg2rad(np.arange(-12, 12.25, 0.25)))  # of lines

Box = cut.Box

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
    if len(signs) > FULL:
        return []
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
    if not 0 < len(use) <= TEXTURE:
        return []
    boxes = found.boxes[use]
    usual = usual_height(boxes)
    groups = _groups(boxes, usual)
    signs = []
    for group in range(groups.max() + 1):
        mine = use[groups == group]
        top, left, bottom, right = around(found.boxes[mine])
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
        down, across = gaps(boxes, boxes[i])
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
    known = next((doubts for wider, *doubts in DOUBTS if width > wider * height), None)
    if known is None:
        return best
    sure = float(surely(whole.pixels[None])[0]) if width < MANY * height else 0.0
    less = known[0] if sure <= known[1] else known[2]
    if not less:
        return best
    ways = [_placed(parts, box, style) for parts in _ways(amount)]
    ways = [way for way in ways if way]
    if not ways:
        return best
    sures = surely(np.stack([pixels for way in ways for _, pixels in way]))
    ends = np.cumsum([len(way) for way in ways])
    least = [float(part.min()) for part in np.split(sures, ends[:-1])]
    most = int(np.argmax(least))
    return ways[most] if 1 - least[most] < less * (1 - sure) else best


def _ways(amount: Floats) -> list[cut.Parts]:
    """Return the likeliest ways to cut a sign into digits."""
    height, width = amount.shape
    ways = cut.halves(amount) if width < MOST_OF_TWO * height else []
    for count in range(3, min(MOST_TOUCHING, round(width / (NARROWEST * height))) + 1):
        parts = cut.evenly(amount, count) if 0.4 * height < width / count < 1.1 * height else None
        if parts:
            ways.append(parts)
    return ways


def _placed(parts: cut.Parts, box: Box, style: Style) -> list[tuple[Box, NDArray[np.uint8]]]:
    """Return the digits of a sign as training images are; none if one of them is none."""
    top, left = box[:2]
    found = []
    for (first, start, last, end), ink in parts:
        placed = place(ink, style)
        if placed is None:
            return []
        found.append(((top + first, left + start, top + last, left + end), placed.pixels))
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
    down, across = y[:, None] - y, x[:, None] - x
    near = np.array([np.exp(-(((down - slope * across) / (0.2 * usual)) ** 2)).sum() for slope in SLOPES])
    best = near.max()
    close = np.flatnonzero(near >= best * (1 - 1e-9))
    return float(SLOPES[close[np.abs(SLOPES[close]).argmin()]])
