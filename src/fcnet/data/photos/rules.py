"""Find the lines of ruled and squared paper, and take them off.

Rules are straight, thin, of one slope, and go all across the paper: along their slope, marks gather in few rows.
Broken lines, in shadow or under strokes, count if many of them lie at even distances.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnet.data.photos.ground import Mask

STEEPEST, STEP, FINER = 0.125, 0.005, 5  # slopes of rules: up to 7 degrees; then that many finer steps either way
ACROSS = 0.8  # of the picture's width: shorter lines belong to what is written
BROKEN, MANY, EVEN = 0.4, 4, 0.15  # unless there are many, at even distances (that share of one of them)
SPILL = 0.15  # of the width: rows beside a rule that it spills into
LONG = 0.5  # of the width: lines across a corner that are shorter are not told from strokes
SHORT = 0.1  # unless they lie at even distances from many others: then from this length on
SPREAD = 0.6  # of the columns: rules together have marks in more
LEAST = 64  # pixels of a picture's side: smaller ones are drawings, whose strokes may go from edge to edge
SOME = 20_000  # marks that suffice to find their slope
THICK = 0.03  # of the picture's longer side: thicker lines are no rules
CLEARLY = 1.6  # times the thickness of a rule: marks on it that are thicker are strokes
ALL = 0.8  # of all marks: a single line that is as much is what is written

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Bands:
    """Where the rules of one direction lie.

    Attributes:
        where: (H, W), whether a pixel lies on a rule.
        count: of rules.
        thick: pixels across one.
    """

    where: Mask
    count: int
    thick: int

    def turned(self) -> "_Bands":
        return _Bands(self.where.T, self.count, self.thick)


def rules(marks: Mask) -> Mask | None:
    """Return which pixels (H, W) of marks belong to rules in either direction; None if there are none."""
    if min(marks.shape) < LEAST:
        return None
    most = max(round(THICK * max(marks.shape)), 2)
    level, upright = _bands(marks, most), _bands(np.ascontiguousarray(marks.T), most)
    upright = upright.turned() if upright else None
    if not level and not upright:
        return None
    off = _thin(marks, level, upright)
    if (level.count if level else 0) + (upright.count if upright else 0) == 1 and off.sum() > ALL * marks.sum():
        return None
    return off


def _thin(marks: Mask, level: _Bands | None, upright: _Bands | None) -> Mask:
    """Return the marks of rules but not of strokes that cross them: those that are as thin as a rule is."""
    off = np.zeros_like(marks)
    for _ in range(2):  # the second time where rules cross: what is left there is short in both directions
        left = marks & ~off
        if level:
            off |= left & level.where & ~_longer(left, level.thick)
        if upright:
            off |= left & upright.where & ~_longer(left.T, upright.thick).T
    reach = max(one.thick for one in (level, upright) if one) + 2
    kept = (marks & ~off).view(np.uint8)
    joined = ndimage.minimum_filter(ndimage.maximum_filter(kept, reach), reach).view(bool)
    thin: Mask = off & ~joined
    return thin


def _longer(marks: Mask, thick: int) -> Mask:
    """Return the marks on columns of them that are clearly longer than a rule is thick."""
    length = round(CLEARLY * thick) + 1
    shrunk = ndimage.minimum_filter1d(marks.view(np.uint8), length, axis=0, mode="constant")
    grown = ndimage.maximum_filter1d(shrunk, length, axis=0, mode="constant", origin=-1 if length % 2 == 0 else 0)
    longer: Mask = grown.view(bool)
    return longer


def _bands(marks: Mask, most: int) -> _Bands | None:
    """Return where the rules lie that go across, if there are any."""
    height, width = marks.shape
    if marks.any(0).mean() < SPREAD:
        return None
    thin = marks & ~_longer(marks, round(most / CLEARLY))
    rows, columns = np.nonzero(thin)
    if len(rows) < BROKEN * width:
        return None
    shift = np.rint(_slope(rows, columns, height, width) * (np.arange(width) - width / 2)).astype(np.int64)
    low = -int(shift.max())
    levels = height + int(shift.max() - shift.min())
    length = np.zeros(levels + 1)
    np.add.at(length, -shift - low, 1)
    np.add.at(length, -shift - low + height, -1)
    length = np.cumsum(length)[:levels]
    counts = np.bincount(rows - shift[columns] - low, minlength=levels)
    covered = counts / np.maximum(length, SHORT * width)
    bands = _chosen(counts / np.maximum(length, LONG * width), covered, most)
    if not bands:
        return None
    lies = np.zeros(levels, bool)
    for first, last in bands:
        lies[max(first - 1, 0) : last + 1] = True
    where = lies[np.arange(height)[:, None] - shift - low]
    across = [covered[first:last].sum() / covered[first:last].max() for first, last in bands]
    thick = max(round(float(np.median(across))), 1)
    return _Bands(where, len(bands), thick)


def _slope(rows: Integers, columns: Integers, height: int, width: int) -> float:
    """Return the slope along which marks gather in the fewest rows."""
    some = slice(None, None, max(len(rows) // SOME, 1))
    y, x = rows[some] + float(height), columns[some] - width / 2

    def gathered(slope: float) -> float:
        counts = np.bincount((y - slope * x).astype(np.int64))
        return float(counts @ counts)

    best = max(np.arange(-STEEPEST, STEEPEST + STEP / 2, STEP), key=gathered)
    return float(max(best + np.arange(-FINER, FINER + 1) / FINER * STEP, key=gathered))


def _chosen(covered: Floats, short: Floats, most: int) -> list[tuple[int, int]]:
    """Return first and end of each band of rows that holds a rule: of those covered, and of short ones among many."""
    found = _runs(covered, BROKEN, most)
    if not _even(found):
        return [(first, last) for first, last in found if covered[first:last].max() > ACROSS]
    middles = np.mean(found, 1)
    apart = float(np.median(np.diff(middles)))
    for band in _runs(short, BROKEN, most):
        away = np.abs(middles - np.mean(band)).min() / apart
        if away > EVEN and abs(away - round(away)) < EVEN:
            found.append(band)
    return found


def _runs(covered: Floats, least: float, most: int) -> list[tuple[int, int]]:
    """Return first and end of the runs of rows around those that are covered at least by this."""
    labels, n = ndimage.label(covered > SPILL)
    found = []
    for (run,) in ndimage.find_objects(labels)[:n]:
        if run.stop - run.start <= most and covered[run].max() > least:
            found.append((run.start, run.stop))
    return found


def _even(bands: list[tuple[int, int]]) -> bool:
    """Return whether bands are many, at even distances; some may be missing."""
    if len(bands) < MANY:
        return False
    apart = np.diff(np.mean(bands, 1))
    share = apart / np.median(apart)
    return bool(np.mean(np.abs(share - np.maximum(np.rint(share), 1)) < EVEN) > 0.7)
