"""Cut what touches: ink of two digits or more into the ink of each."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnet.data.photos.ground import Floats, Mask

INK = 0.3  # of the middle of strokes
SLANTS = (-0.25, 0.0, 0.25, 0.5, 0.75)  # of cuts: across for each row up; digits lean to the right
CUTS = 8  # that are tried
MIDDLE = (0.18, 0.82)  # of the width: where cuts lie, halfway up
ASIDE = 0.6  # how much worse a cut at the ends of that is, of its ink
APART = 0.06  # of the height: cuts of one slant that are closer are one
TALL = 0.68  # of the height: parts that are lower are no digits
SCRAP = 0.15  # of the ink of a part: less, loose, belongs to the part beside

Box = tuple[int, int, int, int]  # top, left, bottom, right (exclusive)
Parts = list[tuple[Box, Floats]]  # box and ink of each, from the left


def halves(amount: Floats) -> list[Parts]:
    """Return the likeliest ways to cut ink (h, w) in two, best first."""
    height, width = amount.shape
    shown = amount > INK
    rows = (height - 1) / 2 - np.arange(height)
    ways: list[tuple[float, float, float]] = []
    for slant in SLANTS:
        ways += _thin_places(amount, slant, rows)
    found = []
    for _, slant, place in sorted(ways):
        right = shown & (np.arange(width) > (place + slant * rows)[:, None])
        parts = _parts(amount, shown & ~right, right)
        if len(parts) == 2 and _tall(parts, height):
            found.append(parts)
        if len(found) == CUTS:
            break
    return found


def evenly(amount: Floats, count: int) -> Parts | None:
    """Cut ink (h, w) where it is thinnest, near the places that divide it evenly; None if a part is no digit."""
    height, width = amount.shape
    thick = ndimage.uniform_filter1d(amount.sum(0), 3)
    places = [0]
    for i in range(1, count):
        middle, reach = width * i / count, 0.35 * width / count
        near = np.arange(max(round(middle - reach), places[-1] + 1), min(round(middle + reach) + 1, width))
        if not len(near):
            return None
        cost = thick[near] * (1 + 0.5 * np.abs(near - middle) / reach)
        places.append(int(near[cost.argmin()]))
    number = np.searchsorted(places, np.arange(width), side="right") - 1
    shown = amount > INK
    sides = [shown & (number == i) for i in range(count)]
    parts = [_cropped(amount, side) for side in sides if side.any()]
    return parts if len(parts) == count and _tall(parts, height) else None


def _tall(parts: Parts, height: int) -> bool:
    return all(bottom - top >= TALL * height for (top, _, bottom, _), _ in parts)


def _thin_places(amount: Floats, slant: float, rows: NDArray[np.float64]) -> list[tuple[float, float, float]]:
    """Return cost, slant and place halfway up of the cuts of one slant through the least ink."""
    height, width = amount.shape
    across = np.rint(np.arange(width) - slant * rows[:, None]).astype(np.int64)
    inside = (across >= 0) & (across < width)
    thick = ndimage.uniform_filter1d(np.bincount(across[inside], amount[inside], width), 3)
    away = np.abs(np.arange(width) / width - 0.5) / (0.5 - MIDDLE[0])
    cost = (thick + 0.02 * height) * (1 + ASIDE * away)
    lowest = ndimage.minimum_filter1d(cost, 2 * max(round(APART * height), 1) + 1)
    places = np.flatnonzero((cost == lowest) & (away < 1))
    return [(float(cost[place]), slant, float(place)) for place in places]


def _parts(amount: Floats, left: Mask, right: Mask) -> Parts:
    """Return box and ink of two parts, after loose scraps of each went to the other."""
    scraps_left, scraps_right = _scraps(left), _scraps(right)
    sides = (left & ~scraps_left | scraps_right, right & ~scraps_right | scraps_left)
    return [_cropped(amount, side) for side in sides if side.any()]


def _scraps(part: Mask) -> Mask:
    """Return the small pieces of a part."""
    labels, n = ndimage.label(part, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    areas[0] = areas.sum()
    small: Mask = (areas < SCRAP * part.sum())[labels]
    return small


def _cropped(amount: Floats, part: Mask) -> tuple[Box, Floats]:
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    soft = ndimage.maximum_filter(part[top:bottom, left:right].view(np.uint8), 3).view(bool)
    other = (amount > INK)[top:bottom, left:right] & ~part[top:bottom, left:right]
    ink: Floats = np.where(soft & ~other, amount[top:bottom, left:right], np.float32(0))
    return (top, left, bottom, right), ink
