"""What is drawn, read back from figures of matplotlib."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D


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
