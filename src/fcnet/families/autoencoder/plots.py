"""Figures of autoencoders: losses, reconstructions, codes and samples."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.curves import Curve, entry, head, new_axes, run_name, title_size
from fcnet.plots.style import drawn
from fcnet.system.text import clean

# isort: split
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Floats = NDArray[np.floating[Any]]

GRID_INCHES = 0.42  # side of one image in a grid


@drawn
def losses(curve: Curve, unit: str) -> Figure:
    """Draw the loss after each epoch, and its terms if there are several; lines separate the phases."""
    epochs = curve.of("epoch")
    names = list(dict.fromkeys(name for record in epochs for name in record["train"].get("terms", {})))
    names = [name for name in names if name != "squared_error"]
    rows = len(names) if len(names) > 1 else 0
    figure = Figure(figsize=(7.2, 3.4 + 1.9 * rows), layout="constrained")
    head(figure, f"{run_name(curve.name)}: loss per image ({unit})")
    ratios = [2.0, *(1.0 for _ in range(rows))]
    all_axes = figure.subplots(1 + rows, 1, sharex=True, squeeze=False, height_ratios=ratios).flatten()
    for axes, name in zip(all_axes, ["loss", *names], strict=False):
        for split, colour, marker in (("train", "C0", "."), ("validation", "C2", "o"), ("test", "C1", "o")):
            points = [(record["epoch"], _term(record[split], name)) for record in epochs if record[split] is not None]
            points = [(x, y) for x, y in points if y is not None]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, marker=marker, markersize=4, label=split)
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
        for before, after in pairwise(epochs):
            if before.get("stage") != after.get("stage"):
                axes.axvline(before["epoch"] + 0.5, color="black", linestyle=":", linewidth=1)
    all_axes[0].legend()
    all_axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    all_axes[-1].set_xlabel("epoch" + (" (dotted lines: start of a phase)" if epochs[0].get("stage") else ""))
    return figure


def _term(metrics: dict[str, Any], name: str) -> float | None:
    """Return the loss, or one of its terms."""
    value = metrics["loss"] if name == "loss" else metrics.get("terms", {}).get(name)
    return None if value is None else float(value)


@drawn
def reconstructions(rows: dict[str, Floats], title: str) -> Figure:
    """Draw images side by side in named rows: each (n, H, W) in [0, 1]."""
    count = len(next(iter(rows.values())))
    figure = Figure(figsize=(0.8 * count + 1.2, 0.85 * len(rows) + 0.6), layout="constrained")
    head(figure, title)
    grid = figure.subplots(len(rows), count, squeeze=False)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(line, images, strict=True):
            axes.imshow(image, cmap="gray", vmin=0, vmax=1)
            axes.set_xticks([])
            axes.set_yticks([])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


@drawn
def scatter(codes: Floats, labels: NDArray[np.int64], classes: Sequence[str], title: str, axis: str) -> Figure:
    """Draw codes (N, 2) as points, coloured by label (N,)."""
    figure, axes = new_axes(title, f"{axis} 1", f"{axis} 2", (7.2, 6.2))
    for number, name in enumerate(classes):
        own = codes[labels == number]
        if len(own):
            axes.scatter(own[:, 0], own[:, 1], s=5, alpha=0.6, linewidths=0, color=f"C{number % 10}", label=entry(name))
    axes.legend(markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


@drawn
def tiles(images: Floats, title: str) -> Figure:
    """Draw images (R, C, H, W) in [0, 1] as one grid without gaps."""
    rows, columns, height, width = images.shape
    whole = images.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    inches = GRID_INCHES * columns
    figure = Figure(figsize=(inches, GRID_INCHES * rows + 0.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(clean(title), fontsize=title_size(title, inches))
    axes.imshow(whole, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    return figure
