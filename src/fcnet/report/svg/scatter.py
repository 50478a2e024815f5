"""Points in a plane, by class, each class named at its middle."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fcnet.report.svg.element import chart, number, tag, text
from fcnet.report.svg.lines import Plot
from fcnet.report.svg.scale import linear
from fcnet.system.text import short

COLOURS = 10
LONGEST = 14  # columns of a class's name


def draw(
    points: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    axes: tuple[str, str],
    title: str,
    description: str,
) -> Markup:
    """Return points (n, 2) coloured by label (n,).

    Args:
        points: finite.
        labels: positions in ``classes``.
        classes: names; a single one is not written.
        axes: names of the axes.
        title, description: of the chart.
    """
    low, high = points.min(0), points.max(0)
    plot = Plot(linear(float(low[0]), float(high[0])), linear(float(low[1]), float(high[1])), axes, 360.0, 310.0)
    inner = [*plot.frame()]
    names: list[Markup] = []
    for label in np.unique(labels).tolist():
        own = points[labels == label]
        dots = "".join("M{} {}h0".format(*map(number, plot.at(x, y))) for x, y in own.tolist())
        inner.append(tag("path", d=dots, class_=f"dots s{label % COLOURS}"))
        if len(classes) > 1 and label < len(classes):
            x, y = plot.at(*np.median(own, 0).tolist())
            names.append(text(x, y + 5, short(classes[label], LONGEST), class_="label"))
    return chart(plot.width, plot.height, title, description, [*inner, *names], class_="chart")
