"""Digits drawn by program in forms that are common in one country and rare in another.

MNIST was written by Americans: nearly all of its ones are single strokes, and few of its sevens have a bar. A net that
has seen no other reads a one with a hook as a seven.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Points = Sequence[tuple[float, float]]  # x to the right and y down, in a box of height 1
Strokes = list[tuple[Points, bool]]  # and whether each is drawn as a curve

SIDE, MARGIN = 160, 40  # pixels of a digit's height, and around it
WIDTH = (0.05, 0.2)  # of a pen, in heights
JITTER = 0.03  # standard deviation by which each point is moved, in heights
SMOOTH = 8  # points between two of a curve


def _arc(x: float, y: float, across: float, down: float, first: float, last: float) -> Points:
    """Return points on an ellipse from one angle to another, in degrees, clockwise from the right."""
    angles = np.deg2rad(np.linspace(first, last, max(round(abs(last - first) / 40), 2) + 1))
    return [(float(x + across * np.cos(a)), float(y + down * np.sin(a))) for a in angles]


def _one(pick: np.random.Generator) -> Strokes:
    """Return a stroke with a hook of any length, rising more than the bar of a 7, and sometimes a base."""
    x = pick.uniform(0.4, 0.6)
    foot = x - pick.uniform(-0.05, 0.25)
    length, rise = pick.uniform(0.15, 0.7), np.deg2rad(pick.uniform(25, 65))
    hook: Points = [(x - length * float(np.cos(rise)), length * float(np.sin(rise))), (x, 0.0), (foot, 1.0)]
    base: Strokes = [([(foot - 0.25, 1.0), (foot + 0.25, 1.0)], False)] if pick.random() < 0.25 else []
    return [(hook, False), *base]


def _two(pick: np.random.Generator) -> Strokes:
    top = _arc(0.32, 0.28, 0.3, 0.28, 200, 370)
    return [([*top, (0.3, 0.75)], True), ([(0.3, 0.75), (0.0, 1.0), (pick.uniform(0.6, 0.8), 1.0)], False)]


def _three(pick: np.random.Generator) -> Strokes:
    """Return two bows, or one below a flat top."""
    lower = (_arc(0.28, 0.7, 0.32, 0.3, -80, 150), True)
    if pick.random() < 0.4:
        return [([(0.05, 0.0), (0.55, 0.0), (0.25, 0.4)], False), lower]
    return [(_arc(0.28, 0.2, 0.27, 0.2, 200, 440), True), lower]


def _four(pick: np.random.Generator) -> Strokes:
    """Return an open or a closed one."""
    x, bar = pick.uniform(0.45, 0.6), pick.uniform(0.5, 0.72)
    if pick.random() < 0.6:
        left: Points = [(pick.uniform(0.05, 0.3), 0.0), (0.0, bar), (0.8, bar)]
        return [(left, False), ([(x, pick.uniform(0.05, 0.4)), (x - 0.05, 1.0)], False)]
    return [([(x, 1.0), (x, 0.0), (0.0, bar), (0.8, bar)], False)]


def _five(pick: np.random.Generator) -> Strokes:
    bow = _arc(0.25, 0.68, 0.35, 0.32, -110, 140)
    return [([(0.1, 0.4), (0.12, 0.0)], False), ([(0.12, 0.0), (pick.uniform(0.5, 0.7), 0.0)], False), (bow, True)]


def _six(pick: np.random.Generator) -> Strokes:
    """Return a loop below a stem of any length."""
    loop, across, top = pick.uniform(0.18, 0.36), pick.uniform(0.22, 0.34), pick.uniform(0.3, 0.7)
    bowl = _arc(across, 1 - loop, across, loop, 180, -180)
    return [([(top, 0.0), (0.1, pick.uniform(0.3, 0.5)), *bowl], True)]


def _seven(pick: np.random.Generator) -> Strokes:
    """Return a stroke with or without a bar, and a short one down at the left."""
    foot = pick.uniform(0.1, 0.45)
    serif: Points = [(0.0, pick.uniform(0.08, 0.2))] if pick.random() < 0.3 else []
    whole: Strokes = [([*serif, (0.0, 0.0), (0.65, 0.0), (foot, 1.0)], False)]
    middle = (0.65 + foot) / 2
    return [*whole, ([(middle - 0.22, 0.5), (middle + 0.22, 0.5)], False)] if pick.random() < 0.5 else whole


def _eight(pick: np.random.Generator) -> Strokes:
    upper = pick.uniform(0.2, 0.27)
    return [
        (_arc(0.3, upper, 0.24, upper, 90, 450), True),
        (_arc(0.3, 1 - (0.5 - upper), 0.3, 0.5 - upper, -90, 270), True),
    ]


def _nine(pick: np.random.Generator) -> Strokes:
    """Return a loop with a straight stem, or one that ends in a bow to the left."""
    loop = pick.uniform(0.2, 0.3)
    bowl = (_arc(0.3, loop, 0.28, loop, 0, -360), True)
    if pick.random() < 0.5:
        return [bowl, ([(0.58, loop), (pick.uniform(0.4, 0.6), 1.0)], False)]
    return [bowl, ([(0.58, loop), (0.56, 0.75), (0.35, 1.0), (0.0, pick.uniform(0.85, 1.0))], True)]


def _zero(pick: np.random.Generator) -> Strokes:
    begin = pick.uniform(0, 360)
    return [(_arc(0.3, 0.5, pick.uniform(0.22, 0.42), 0.5, begin, begin + 360), True)]


FORMS: tuple[Callable[[np.random.Generator], Strokes], ...] = (
    *(_zero, _one, _two, _three, _four),
    *(_five, _six, _seven, _eight, _nine),
)


def drawn(digit: int, pick: np.random.Generator) -> NDArray[np.float32]:
    """Return the ink of a digit (h, w) in [0, 1], cut to its box."""
    sheet = Image.new("L", (2 * SIDE, SIDE + 2 * MARGIN))
    draw = ImageDraw.Draw(sheet)
    pen = max(round(pick.uniform(*WIDTH) * SIDE), 2)
    for points, curved in FORMS[digit](pick):
        moved = np.array(points) + pick.normal(0, JITTER, (len(points), 2))
        line = [(float(x), float(y)) for x, y in (_curve(moved) if curved else moved) * SIDE + MARGIN]
        draw.line(line, fill=255, width=pen, joint="curve")
        for x, y in (line[0], line[-1]):  # round ends
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(sheet.crop(sheet.getbbox())).astype(np.float32) / np.float32(255)


def _curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (m, 2) on a curve through points (n, 2): a Catmull-Rom spline."""
    around = np.concatenate([points[:1], points, points[-1:]])
    share = np.linspace(0, 1, SMOOTH, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3)
        for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]])
