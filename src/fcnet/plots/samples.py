"""Figures of images as a training sees them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.canvas import LONGEST_CLASS, head
from fcnet.plots.style import drawn
from fcnet.system.text import short

# isort: split
from matplotlib.figure import Figure

GAP = 0.08  # between two images, as a fraction of their size
SIDE = 0.9  # inches of an image's width


@drawn
def augmented(plain: NDArray[np.uint8], changed: NDArray[np.uint8], names: Sequence[str], title: str) -> Figure:
    """Draw images (C, H, W), one per row with its class name, and beside each how it is changed in K epochs.

    Args:
        plain: the images as they are (C, H, W).
        changed: the same in each epoch (K, C, H, W).
        names: class names (C,).
        title: title of the figure.
    """
    classes, height, width = plain.shape
    rows = [[image, *changed[:, number]] for number, image in enumerate(plain)]
    gap = max(round(GAP * width), 1)
    across, down = width + gap, height + gap
    sheet = np.full((classes * down - gap, len(rows[0]) * across - gap), np.nan)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            sheet[i * down : i * down + height, j * across : j * across + width] = image
    inches = SIDE * len(rows[0])
    figure = Figure(figsize=(inches + 1, inches * sheet.shape[0] / sheet.shape[1] + 1), layout="constrained")
    head(figure, title)
    axes = figure.add_subplot()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255)
    axes.set_yticks([i * down + height / 2 for i in range(classes)], [short(name, LONGEST_CLASS) for name in names])
    places = [j * across + width / 2 for j in range(len(rows[0]))]
    axes.set_xticks(places, ["as it is", *(f"epoch {epoch}" for epoch in range(1, len(rows[0])))])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure
