"""What is drawn, read back from figures of matplotlib."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox, BboxBase


def xs(line: Line2D) -> list[float]:
    """Where the points of a line are."""
    return list(np.asarray(line.get_xdata()))


def ys(line: Line2D) -> list[float]:
    """How high the points of a line are."""
    return list(np.asarray(line.get_ydata()))


def pixels(axes: Axes) -> np.ndarray:
    """The values of the first image."""
    found = axes.images[0].get_array()
    assert found is not None
    return found


def entries(figure: Figure) -> int:
    """How many entries the legend of the first axes has."""
    legend = figure.axes[0].get_legend()
    return 0 if legend is None else len(legend.get_texts())


def boxes(figure: Figure, texts: Sequence[Text]) -> list[Bbox]:
    """Where texts are on the drawn figure, in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return [Text.get_window_extent(text, canvas.get_renderer()) for text in texts]  # type: ignore[no-untyped-call]


def overlaps(found: Sequence[Bbox]) -> list[tuple[int, int]]:
    """Which pairs of boxes share some area."""
    return [(i, j) for j in range(len(found)) for i in range(j) if found[i].overlaps(found[j])]


def inside(found: Sequence[BboxBase], frame: BboxBase, slack: float = 1.0) -> bool:
    """Whether boxes lie within another, but for some pixels."""
    return all(
        one.x0 >= frame.x0 - slack
        and one.x1 <= frame.x1 + slack
        and one.y0 >= frame.y0 - slack
        and one.y1 <= frame.y1 + slack
        for one in found
    )


def legend(figure: Figure) -> list[str]:
    """The texts of all legends."""
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    return [text.get_text().strip() for one in legends if one is not None for text in one.get_texts()]
