"""Figures made of images: mistakes, and weights seen as images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.canvas import Floats, head
from fcnet.plots.style import drawn
from fcnet.system.text import short, width

# isort: split
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CAPTION = 15  # columns of text above one of the pictures in a row
BESIDE = 5  # columns of a predicted class that leave room for its probability
FILE = 22  # and below it, in smaller letters
COLUMNS = 8  # pictures in a row
MOST_PICTURES = 40  # on one figure, in five rows
MOST_DECIMALS = 6  # of a percentage that is nearly 100
WRONG = "#c00000"


@drawn
def mistakes(
    images: NDArray[np.uint8],
    answers: Sequence[tuple[str, str, float]],
    files: Sequence[str],
    title: str,
) -> Figure:
    """Draw misclassified images: the true class above, below it the predicted one in red, and the file underneath.

    Args:
        images: (n, H, W), the most confident mistakes first; at most ``MOST_PICTURES`` are drawn.
        answers: true class, predicted class, and its probability in [0, 1], of each.
        files: of each.
        title: of the figure.
    """
    shown = answers[:MOST_PICTURES]
    apart = any(width(predicted) > BESIDE for _, predicted, _ in shown)  # the probability has a line of its own
    figure, grid = _sheet(len(shown), title, 1.74 if apart else 1.62)
    for axes, image, (true, predicted, probability), file in zip(grid, images, shown, files, strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        number, name = certain(probability), short(predicted, CAPTION - len("→ "))
        red = f"→ {name}\n{number}" if apart else f"→ {name} ({number})"
        axes.set_title(f"true {short(true, CAPTION - len('true '))}" + "\n" * (2 if apart else 1), fontsize=8)
        wrong = axes.text(0.5, 1.045, red, transform=axes.transAxes, color=WRONG)
        wrong.set(fontsize=8, ha="center", va="bottom", in_layout=False)
        below = axes.text(0.5, -0.04, short(file, FILE), transform=axes.transAxes, fontsize=5.5, color="0.35")
        below.set(ha="center", va="top")
    return figure


def certain(probability: float) -> str:
    """Return a probability as a percentage, with as many decimals as it takes not to read 100."""
    for decimals in range(2, MOST_DECIMALS + 1):
        found = f"{100 * probability:.{decimals}f}"
        if not found.startswith("100"):
            return f"{found} %"
    return f">{100 - 10.0**-MOST_DECIMALS:.{MOST_DECIMALS}f} %" if probability < 1 else "100 %"


@drawn
def weights(
    matrix: Floats,
    size: tuple[int, int],
    names: Sequence[str] | None,
    title: str,
    what: str = "units",
    by_norm: bool = True,
) -> Figure:
    """Draw rows of a first layer's weights (M, H * W) as images: blue is negative, white 0, red positive.

    The colours end at the 99.5th percentile, so that a few large weights do not make the others pale.

    Args:
        matrix: the weights.
        size: H and W.
        names: of the rows, which are all drawn in their order; None for rows that have numbers only.
        title: of the figure.
        what: the rows are.
        by_norm: whether rows without names are sorted, those with the largest sum of squares first.
    """
    norms = np.linalg.norm(matrix, axis=1)
    order = np.argsort(-norms, kind="stable") if by_norm and names is None else np.arange(len(matrix))
    chosen = order[: MOST_PICTURES if names is None else None]
    shown = matrix[chosen].reshape(-1, *size)
    captions = [str(i) for i in chosen] if names is None else [short(name, CAPTION) for name in names]
    which = " with the largest norm" if by_norm else ""
    count = f"{len(shown)} of {len(matrix)} {what}{which}" if len(shown) < len(matrix) else f"all {len(matrix)} {what}"
    if names is None and by_norm and len(shown) == len(matrix):
        count += ", by norm"
    limit = float(np.quantile(np.abs(shown), 0.995)) or 1.0
    figure, grid = _sheet(len(shown), f"{title}: {count}", 1.35)
    for axes, image, caption in zip(grid, shown, captions, strict=False):
        mesh = axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(caption, fontsize=6 if names is None else 8, pad=2, color="0.3" if names is None else "black")
    bar = figure.colorbar(mesh, ax=list(grid), shrink=0.8, aspect=30, pad=0.015, extend="both")
    bar.ax.tick_params(labelsize=8)
    return figure


def _sheet(n: int, title: str, tall: float) -> tuple[Figure, NDArray[Any]]:
    """Return a figure with bare axes for n images in rows; a row is ``tall`` inches high."""
    rows = max(-(-n // COLUMNS), 1)
    figure = Figure(figsize=(1.15 * COLUMNS, tall * rows + 0.6), layout="constrained")
    head(figure, title)
    grid: NDArray[Any] = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    axes: Axes
    for axes in grid:
        axes.set_axis_off()
    return figure, grid
