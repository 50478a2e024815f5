"""Figures that compare groups of runs: bands over the epochs, and a point for each run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcnet.plots.canvas import FEW, Floats, accuracy_axis, colour, entry, epoch_axis, new_axes
from fcnet.plots.style import drawn

# isort: split
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

LONGEST = 36  # columns of a group's name
IN_AXES = 3  # up to so many groups, the legend lies in the axes
BELOW = 0.2  # rows by which points lie below the mean of their group
LINES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Band:
    """A metric over the epochs, from the first one on.

    Attributes:
        name: of the group.
        mean: over its runs, per epoch.
        spread: their standard deviation, per epoch; 0 of one run.
        runs: how many.
    """

    name: str
    mean: Floats
    spread: Floats
    runs: int


@dataclass(frozen=True)
class Dots:
    """The runs of a group.

    Attributes:
        name: of the group.
        values: one per run.
        mean: of the values.
        interval: 95 % interval of the mean; None for one run.
    """

    name: str
    values: Sequence[float]
    mean: float
    interval: tuple[float, float] | None


@drawn
def epochs(bands: Sequence[Band], what: str, unit: str) -> Figure:
    """Draw the mean of each group over the epochs, with a band of one standard deviation on each side."""
    many = len(bands) > IN_AXES
    figure, axes = new_axes(f"{what}: mean ± s.d. over runs", "epoch", f"{what} ({unit})", (9.6 if many else 7.2, 4.5))
    for i, band in enumerate(bands):
        x, own = np.arange(1, len(band.mean) + 1), colour(i, len(bands))
        label = f"{entry(band.name, LONGEST)} (n = {band.runs})"
        axes.plot(x, band.mean, color=own, linestyle=_line(i, len(bands)), linewidth=1.6, label=label)
        axes.fill_between(x, band.mean - band.spread, band.mean + band.spread, color=own, alpha=0.18, linewidth=0)
    epoch_axis(axes, 1, max(len(band.mean) for band in bands))
    if unit == "%":
        accuracy_axis(axes, np.concatenate([band.mean + sign * band.spread for band in bands for sign in (-1, 1)]))
    if many:
        figure.legend(loc="outside right upper", fontsize=8)
    else:
        axes.legend(fontsize=8)
    return figure


@drawn
def dots(groups: Sequence[Dots], what: str, unit: str) -> Figure:
    """Draw each run as a point, one row per group, with the mean and its 95 % interval."""
    figure, axes = new_axes(
        f"{what}: every run, mean, 95 % interval", f"{what} ({unit})", "", (7.2, max(2.2, 0.42 * len(groups) + 1.4))
    )
    for i, group in enumerate(groups):
        own, y = colour(i, len(groups)), len(groups) - 1 - i
        below = [y - BELOW] * len(group.values)
        axes.plot(group.values, below, "o", color=own, markeredgecolor="white", markersize=5)
        if group.interval is not None:
            axes.plot(group.interval, [y, y], color=own, linewidth=2, marker="|", markersize=9)
        axes.plot([group.mean], [y], "D", color=own, markersize=6, markeredgecolor="black")
    axes.set_yticks(range(len(groups)), [entry(group.name, LONGEST) for group in reversed(groups)])
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.xaxis.set_major_locator(MaxNLocator())
    axes.xaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]
    return figure


def _line(i: int, n: int) -> str:
    return "-" if n <= FEW else LINES[i % len(LINES)]
