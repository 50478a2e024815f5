"""A confusion matrix whose colours are the errors: what is right does not outshine them."""

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fcnet.report.svg.element import chart, number, tag, text
from fcnet.system.text import short, width

MOST_WRITTEN = 30  # classes up to which the counts are written
LONGEST = 12  # columns of a class's name

LEVELS = 12  # of the colour
PALE, FULL = 0.14, 0.62  # opacity of the colour for the rarest and the most frequent error


def confusion(
    counts: NDArray[np.int64], classes: Sequence[str], axes: tuple[str, str], title: str, description: str
) -> Markup:
    """Return counts (C, C) by true class (rows) and predicted class (columns).

    Args:
        counts: of images.
        classes: names.
        axes: names of rows and columns.
        title, description: of the chart.
    """
    n = len(classes)
    written = n <= MOST_WRITTEN
    cell = max(30.0, 13.0 + 6.5 * len(str(int(counts.max())))) if written else max(4.0, 480.0 / n)
    every = 1 if written else -(-n // 24)
    names = [short(name, LONGEST) for name in classes]
    room = 27.0 + 7.0 * max(width(name) for name in names)
    inner = [*_cells(counts, cell, room, written), *_names(names, cell, room, every)]
    inner.append(text(room + n * cell / 2, 10, axes[1], class_="name"))
    inner.append(text(0, 0, axes[0], class_="name", transform=f"translate(12 {room + n * cell / 2}) rotate(-90)"))
    side = room + n * cell + 4
    return chart(side, side, title, description, inner, class_="heat", style=f"max-width:{max(side, 340) * 1.3:.0f}px")


def _cells(counts: NDArray[np.int64], cell: float, room: float, written: bool) -> Iterator[Markup]:
    n = len(counts)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    errors = shares * (1 - np.eye(n))
    levels = np.ceil(LEVELS * errors / (float(errors.max()) or 1.0)).astype(int)
    places = [(room + i * cell, room + i * cell) for i in range(n)]
    yield tag("rect", x=room, y=room, width=n * cell, height=n * cell, class_="ground")
    yield tag("path", d=_squares(places, cell), class_="right")
    for level in range(1, LEVELS + 1):
        places = [(room + j * cell, room + i * cell) for i, j in np.argwhere(levels == level).tolist()]
        if places:
            opacity = PALE + (FULL - PALE) * (level - 1) / (LEVELS - 1)
            yield tag("path", d=_squares(places, cell), fill_opacity=opacity, class_="wrong")
    for i, j in np.argwhere(counts > 0).tolist() if written else ():
        kind = "count muted" if i == j else "count"
        x, y = room + (j + 0.5) * cell, room + (i + 0.5) * cell + 4
        yield text(x, y, str(int(counts[i, j])), class_=kind)


def _squares(places: Sequence[tuple[float, float]], side: float) -> str:
    """Return one path of squares by their upper left corners: short, however many there are."""
    one = f"h{number(side)}v{number(side)}h-{number(side)}z"
    return "".join(f"M{number(x)} {number(y)}{one}" for x, y in places)


def _names(names: Sequence[str], cell: float, room: float, every: int) -> Iterator[Markup]:
    upright = max(map(width, names)) * 7 < cell
    for i in range(0, len(names), every):
        middle = room + (i + 0.5) * cell
        yield text(room - 5, middle + 4, names[i], "end", class_="tick")
        if upright:
            yield text(middle, room - 6, names[i], class_="tick")
        else:
            turn = f"translate({middle + 4:.1f} {room - 5:.1f}) rotate(-90)"
            yield text(0, 0, names[i], "start", class_="tick", transform=turn)
