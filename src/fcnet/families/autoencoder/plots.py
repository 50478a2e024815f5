"""Figures of autoencoders: reconstructions, codes and samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.canvas import colour, entry, head, new_axes, title_size
from fcnet.plots.style import drawn
from fcnet.system.text import clean

# isort: split
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

Floats = NDArray[np.floating[Any]]

GRID_INCHES = 0.42  # side of one image in a grid
ABOVE = 0.34  # inches of a title above a grid
LEFT, BELOW, RIGHT = 0.8, 0.55, 0.2  # inches for the numbers at its axes
AREA = 60_000.0  # of all points of a scatter together, in square points
LARGEST, SMALLEST_POINT = 60.0, 4.0  # area of one of them, in square points
IN_COLUMNS = 21  # from so many classes on, a legend has two columns
TICKS = 6  # codes written at an axis of the plane


@drawn
def reconstructions(rows: dict[str, Floats], errors: Sequence[float], title: str) -> Figure:
    """Draw images side by side in named rows: each (n, H, W) in [0, 1]; below each column its squared error (n,)."""
    count = len(next(iter(rows.values())))
    figure = Figure(figsize=(0.8 * count + 1.2, 0.85 * len(rows) + 0.9), layout="constrained")
    head(figure, title)
    grid = figure.subplots(len(rows), count, squeeze=False)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(line, images, strict=True):
            axes.imshow(image, cmap="gray", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for axes, error in zip(grid[-1], errors, strict=True):
        axes.set_xlabel(f"{error:.3g}", fontsize=8)
    grid[-1][0].annotate(
        "squared error",
        (0, 0),
        (-5, -4),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
    ).set_in_layout(False)
    return figure


@drawn
def scatter(codes: Floats, labels: NDArray[np.int64], classes: Sequence[str], title: str, axis: str) -> Figure:
    """Draw codes (N, 2) as points, coloured by label (N,); the name of each class is at the median of its codes."""
    figure, axes = new_axes(title, f"{axis} 1", f"{axis} 2", (7.8, 6.2))
    area = min(max(AREA / max(len(codes), 1) / 10, SMALLEST_POINT), LARGEST)
    centres = []
    for number, name in enumerate(classes):
        own, look = codes[labels == number], colour(number, len(classes))
        if len(own):
            axes.scatter(own[:, 0], own[:, 1], s=area, alpha=0.55, linewidths=0, color=look, label=entry(name))
            centres.append((np.median(own, axis=0), clean(name)))
    for centre, name in centres:
        bold: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 11, "fontweight": "bold", "clip_on": True}
        text = axes.text(float(centre[0]), float(centre[1]), name, **bold)
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    columns = 1 + len(centres) // IN_COLUMNS
    figure.legend(loc="outside right upper", markerscale=max((30 / area) ** 0.5, 1), fontsize=8, ncols=columns)
    return figure


@drawn
def tiles(images: Floats, title: str, codes: Sequence[float] | None = None) -> Figure:
    """Draw images (R, C, H, W) in [0, 1] as one grid without gaps.

    Args:
        images: the grid, from top to bottom.
        title: of the figure.
        codes: the first value of the code of each column from left to right, and the second one of each row from
            bottom to top; None for images without places.
    """
    rows, columns, height, width = images.shape
    whole = images.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    left, below, right = (0.0, 0.0, 0.0) if codes is None else (LEFT, BELOW, RIGHT)
    across = GRID_INCHES * columns
    down = across * whole.shape[0] / whole.shape[1]
    size = across + left + right, down + ABOVE + below
    figure = Figure(figsize=size)
    axes = figure.add_axes((left / size[0], below / size[1], across / size[0], down / size[1]))
    figure.suptitle(clean(title), fontsize=title_size(title, size[0]), y=1 - ABOVE / 2 / size[1], va="center")
    axes.imshow(whole, cmap="gray", vmin=0, vmax=1, aspect="auto")
    if codes is None:
        axes.set_axis_off()
        return figure
    ticks = np.unique(np.linspace(0, len(codes) - 1, TICKS).round().astype(int))
    names = [f"{codes[i]:.2f}".replace("-", "\N{MINUS SIGN}") for i in ticks]
    axes.set_xticks((ticks + 0.5) * width - 0.5, names, fontsize=8)
    axes.set_yticks((rows - ticks - 0.5) * height - 0.5, names, fontsize=8)
    axes.set_xlabel("code 1")
    axes.set_ylabel("code 2")
    return figure
