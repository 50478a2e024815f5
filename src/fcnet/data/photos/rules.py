"""Find the lines of ruled and squared paper, and take them off."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnet.data.photos.ground import Mask

SLOPES = np.linspace(-0.12, 0.12, 49)  # of rules: up to 7 degrees
ACROSS = 0.8  # of the picture's width: shorter lines belong to what is written
LEAST = 64  # pixels of a picture's side: smaller ones are drawings, whose strokes may go from edge to edge
SOME = 10_000  # marks that suffice to find their slope
THICK = 0.03  # of the picture's longer side: thicker lines are no rules


def rules(marks: Mask) -> Mask | None:
    """Return which pixels (H, W) of marks belong to rules in either direction; None if there are none."""
    found = [_horizontal(marks), None]
    turned = _horizontal(marks.T)
    found[1] = None if turned is None else turned.T
    some = [one for one in found if one is not None]
    return np.logical_or.reduce(some) if some else None


def _horizontal(marks: Mask) -> Mask | None:
    """Return the pixels of lines from edge to edge, apart from strokes that cross them."""
    height, width = marks.shape
    rows, columns = np.nonzero(marks)
    if len(rows) < ACROSS * width or min(height, width) < LEAST:
        return None
    slope = _slope(rows, columns, height, width)
    shift = np.rint(slope * (np.arange(width) - width / 2)).astype(np.int64)
    level = rows - shift[columns]
    low = int(level.min())
    counts = np.bincount(level - low)
    most = max(round(THICK * max(height, width)), 2)
    rule = counts > ACROSS * width
    bands = _bands(rule, counts, width, most)
    if not bands:
        return None
    lies = np.zeros(len(counts), bool)
    for first, last in bands:
        lies[first:last] = True
    on_rule = np.zeros_like(marks)
    chosen = lies[level - low]
    on_rule[rows[chosen], columns[chosen]] = True
    return on_rule & ~_crossing(marks, on_rule, most)


def _slope(rows: NDArray[np.int64], columns: NDArray[np.int64], height: int, width: int) -> float:
    """Return the slope along which marks gather in the fewest rows."""
    best, slope = -1.0, 0.0
    some = slice(None, None, max(len(rows) // SOME, 1))
    y, x = rows[some], columns[some] - width / 2
    for one in SLOPES:
        counts = np.bincount((y - one * x + height).astype(np.int64)).astype(np.float64)
        score = float((counts**2).sum())
        if score > best:
            best, slope = score, float(one)
    return slope


def _bands(rule: Mask, counts: NDArray[np.int64], width: int, most: int) -> list[tuple[int, int]]:
    """Return first and end of each band of rows that holds a rule, with the rows beside it that it spills into."""
    labels, n = ndimage.label(rule)
    found = []
    for band in ndimage.find_objects(labels)[:n]:
        first, last = band[0].start, band[0].stop
        while first > 0 and counts[first - 1] > 0.2 * width and last - first < most:
            first -= 1
        while last < len(counts) and counts[last] > 0.2 * width and last - first < most:
            last += 1
        if last - first <= most:
            found.append((max(first - 1, 0), min(last + 1, len(counts))))
    return found


def _crossing(marks: Mask, on_rule: Mask, most: int) -> Mask:
    """Return the pixels of rules that strokes cross: those with marks close above and below that are no rules."""
    others = marks & ~on_rule
    near = ndimage.maximum_filter1d(others, 3, axis=1)
    above = ndimage.maximum_filter1d(near, most + 2, axis=0, origin=(most + 1) // 2)
    below = ndimage.maximum_filter1d(near, most + 2, axis=0, origin=-((most + 2) // 2))
    crossed: Mask = on_rule & above & below
    return crossed
