"""A confusion matrix whose colours are the errors: what is right does not outshine them."""

from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fcnet.report.svg.element import chart, tag, text
from fcnet.system.text import short, width

MOST_WRITTEN = 30  # classes up to which the counts are written
LONGEST = 12  # columns of a class's name

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
    most = float(errors.max()) or 1.0
    yield tag("rect", x=room, y=room, width=n * cell, height=n * cell, class_="ground")
    for i in range(n):
        yield tag("rect", x=room + i * cell, y=room + i * cell, width=cell, height=cell, class_="right")
    for i, j in np.argwhere(counts > 0).tolist():
        x, y, right = room + j * cell, room + i * cell, i == j
        if not right:
            opacity = PALE + (FULL - PALE) * float(errors[i, j]) / most
            yield tag("rect", x=x, y=y, width=cell, height=cell, fill_opacity=opacity, class_="wrong")
        if written:
            kind = "count muted" if right else "count"
            yield text(x + cell / 2, y + cell / 2 + 4, str(int(counts[i, j])), class_=kind)


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
