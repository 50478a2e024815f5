"""A figure of how well scores tell outliers from normal images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.curves import new_axes
from fcnet.plots.style import drawn

# isort: split
from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]

BINS = 60  # of a histogram
TAIL = 0.005  # share of the scores at an end that may be left out, so that a few do not squeeze all others


@drawn
def histogram(normal: Floats, outliers: Floats, title: str, axis: str, lowest: float | None = None) -> Figure:
    """Draw histograms of the outlier scores of normal images (N,) and of outliers (M,), each of area 1.

    Args:
        normal: scores of normal images.
        outliers: scores of outliers.
        title: of the figure.
        axis: what a score is.
        lowest: left end of the axis; by default such that few scores are left out.
    """
    figure, axes = new_axes(title, axis, "density")
    both = np.concatenate([normal, outliers])
    left = float(np.quantile(both, TAIL)) if lowest is None else lowest
    bins = np.linspace(left, float(np.quantile(both, 1 - TAIL)), BINS)
    for values, name in ((normal, "normal"), (outliers, "outliers")):
        axes.hist(values, bins=bins.tolist(), density=True, alpha=0.6, label=f"{name} ({len(values)})")
    axes.legend()
    return figure
