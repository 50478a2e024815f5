"""Figures of photos: what the net saw of each, and what it answered; and the digits found on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.style import drawn
from fcnet.system.text import short

# isort: split
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

MOST = 24  # photos in a figure
ROW = 1.3  # inches of a row
NAME = 40  # columns of a file's name
BARS = 10  # classes with a bar: the most probable ones
SURE, UNSURE, NONE = "tab:green", "tab:orange", "tab:red"


@dataclass(frozen=True)
class Answer:
    """What a model answered to one photo.

    Attributes:
        name: of its file.
        photo: (H, W, 3).
        seen: (H, W), what the model saw of it.
        title: the answer, and what was noted.
        sure: whether it counts.
        probabilities: of classes, by name; empty if there are none.
    """

    name: str
    photo: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    title: str
    sure: bool
    probabilities: dict[str, float]


@drawn
def answers(shown: Sequence[Answer], n: int) -> Figure:
    """Return a figure with a row for each photo: the photo, what the model saw, and its probabilities.

    Args:
        shown: the photos, at most ``MOST``.
        n: how many there are in all.
    """
    bars = any(one.probabilities for one in shown)
    figure = Figure(figsize=(7.5 if bars else 4, ROW * len(shown) + 0.6), layout="constrained")
    axes = figure.subplots(len(shown), 3 if bars else 2, squeeze=False, width_ratios=[1.2, 1, 2.2][: 3 if bars else 2])
    for row, one in zip(axes, shown, strict=True):
        row[0].imshow(one.photo)
        row[0].set_title(short(one.name, NAME), fontsize=7)
        row[1].imshow(one.seen, cmap="gray", vmin=0, vmax=255)
        row[1].set_title("what the net saw", fontsize=7)
        for axis in row[:2]:
            axis.set_axis_off()
        if bars:
            _bars(row[2], one)
    if n > len(shown):
        figure.suptitle(f"the first {len(shown)} of {n} images", fontsize=9)
    return figure


def _bars(axis: Axes, one: Answer) -> None:
    best = sorted(one.probabilities, key=lambda name: -one.probabilities[name])[:BARS]
    names = [name for name in one.probabilities if name in best]
    colour = SURE if one.sure else UNSURE if names else NONE
    axis.bar(range(len(names)), [one.probabilities[name] for name in names], color=colour)
    axis.set_xticks(range(len(names)), [short(name, 8) for name in names], fontsize=7)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 1], ["0", "100 %"], fontsize=7)
    axis.set_title(one.title, fontsize=8, color=colour)


@dataclass(frozen=True)
class Box:
    """A digit on a page: left, top, width and height in pixels; its answer, and whether that counts."""

    place: tuple[float, ...]
    text: str
    sure: bool


@drawn
def page(photo: NDArray[np.uint8], boxes: Sequence[Box], title: str) -> Figure:
    """Return a figure of a page (H, W, 3) with a box around each digit."""
    down, across = (10 * side / max(photo.shape[:2]) for side in photo.shape[:2])
    figure = Figure(figsize=(max(across, 3), max(down, 1) + 0.4), layout="constrained")
    axis = figure.subplots()
    axis.imshow(photo)
    for box in boxes:
        colour = SURE if box.sure else UNSURE if box.text else NONE
        left, top, width, height = box.place
        axis.add_patch(Rectangle((left, top), width, height, fill=False, color=colour, linewidth=1))
        axis.text(left, top, box.text, color=colour, fontsize=9, va="bottom", fontweight="bold")
    axis.set_axis_off()
    axis.set_title(title, fontsize=9)
    return figure
