"""Figures of what a model answers: confusion, calibration, outlier scores. Images of mistakes are in ``images``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.canvas import LONGEST_CLASS, head, new_axes, plain_numbers
from fcnet.plots.style import drawn
from fcnet.system.text import short, width

# isort: split
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

Counts = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]

MOST_WRITTEN = 20  # up to so many classes, the confusion matrix shows its numbers
LARGEST = 14.0  # inches of a confusion matrix
NEUTRAL = "0.88"  # of the right answers, which are most
PALER = 1.5  # times the largest share of errors, the scale of their colours would end
DARK = 0.65  # of that scale, from where on black text is hard to read
STRIP = 0.09  # height of the strip of precisions above a confusion matrix, as a fraction of the matrix

BINS = 60  # of a histogram
TAIL = 0.005  # share of the scores at an end that may be left out, so that a few do not squeeze all others
KEPT = 0.95  # share of the normal images on the normal side of the line in a histogram


@drawn
def confusion(counts: Counts, classes: Sequence[str], title: str) -> Figure:
    """Draw the counts (C, C) of images by true class (rows) and predicted class (columns).

    Right answers are grey. Errors have a colour by their share of the true class, on a scale of square roots, so that
    a single one is seen. Beside each row is the recall, above each column the precision.
    """
    n = len(classes)
    side = min(max(4.5, 0.55 * n + 1.5), LARGEST)
    figure = Figure(figsize=(side + 1.6, side + 0.9), layout="constrained")
    head(figure, title)
    axes = figure.add_subplot(xlabel="predicted", ylabel="true")
    right = np.eye(n, dtype=bool)
    share = np.ma.masked_array(counts / np.maximum(counts.sum(1, keepdims=True), 1), right | (counts == 0))
    axes.imshow(np.where(right, 1.0, np.nan), cmap=ListedColormap([NEUTRAL]))
    highest = float(share.max()) if share.count() else 1.0
    norm = PowerNorm(0.5, 0, PALER * highest)
    image = axes.imshow(share, cmap="Reds", norm=norm)
    if share.count():
        bar = figure.colorbar(image, ax=axes, label="errors, as a share of the true class", shrink=0.7)
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0 if highest > 0.1 else 1, symbol=" %"))
        bar.ax.set_ylim(0, highest)
    _class_ticks(axes, classes, side)
    if n <= MOST_WRITTEN:
        for i, j in np.argwhere(counts > 0):
            dark = i != j and norm(share[i, j]) > DARK
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if dark else "black", fontsize=9)
    _margins(axes, counts, written=n <= MOST_WRITTEN)
    return figure


def _class_ticks(axes: Axes, classes: Sequence[str], side: float) -> None:
    """Name all classes for which there is room."""
    n = len(classes)
    size = min(10.0, max(5.0, 72 * side / n * 0.6))
    step = -(-n * 5 // int(72 * side * 0.75))  # each name takes 5 points at least
    names = [short(name, LONGEST_CLASS) for name in classes]
    ticks = range(0, n, step)
    axes.set_xticks(ticks, [names[i] for i in ticks], rotation=90 if max(map(width, names)) > 2 else 0, fontsize=size)
    axes.set_yticks(ticks, [names[i] for i in ticks], fontsize=size)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)


def _margins(axes: Axes, counts: Counts, written: bool) -> None:
    """Draw recall at the right and precision above, as bars that begin below the lowest of them."""
    right = np.diag(counts).astype(float)
    with np.errstate(invalid="ignore"):
        recall, precision = right / counts.sum(1), right / counts.sum(0)  # NaN for a class without images or answers
    known = np.concatenate([recall, precision])
    low = max(float(np.nanmin(known)) - 0.1, 0.0) if np.isfinite(known).any() else 0.0
    beside = axes.inset_axes((1.015, 0, STRIP, 1), sharey=axes)
    above = axes.inset_axes((0, 1.015, 1, STRIP), sharex=axes)
    place = np.arange(len(right))
    beside.barh(place, np.nan_to_num(recall) - low, left=low, height=0.84, color="C0", alpha=0.35)
    above.bar(place, np.nan_to_num(precision) - low, bottom=low, width=0.84, color="C0", alpha=0.35)
    beside.set_xlim(low, 1)
    above.set_ylim(low, 1)
    beside.set_title("recall", fontsize=8)
    above.set_ylabel("precision", fontsize=8, rotation=0, ha="right", va="center")
    for one in (beside, above):
        one.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        one.spines[:].set_visible(False)
    if written:
        for i in range(len(right)):
            middle = (low + 1) / 2
            beside.text(middle, i, _percent(recall[i]), ha="center", va="center", fontsize=7)
            above.text(i, middle, _percent(precision[i]), ha="center", va="center", fontsize=7)


def _percent(share: float) -> str:
    """Return a share as written in a margin; 100 only if there is no error."""
    if not np.isfinite(share):
        return "-"
    return "100" if share == 1 else f"{min(100 * share, 99.9):.1f}"


@drawn
def reliability(
    bins: Sequence[tuple[float, float]],
    counts: Sequence[int],
    answered: Sequence[tuple[float, float] | None],
    title: str,
) -> Figure:
    """Draw how often answers are right against how probable the model said they are, and how many answers there are.

    Args:
        bins: ends of the intervals of probability.
        counts: answers in each.
        answered: mean probability and accuracy of the answers in each; None without answers.
        title: of the figure.
    """
    figure = Figure(figsize=(6.4, 6.6), layout="constrained")
    head(figure, title)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
    upper.plot([0, 1], [0, 1], color="0.4", linestyle=":", label="perfectly calibrated")
    lows, widths = [low for low, _ in bins], [high - low for low, high in bins]
    known = [i for i, one in enumerate(answered) if one is not None]
    points = [one for one in answered if one is not None]
    if points:
        x, y = zip(*points, strict=True)
        where = [lows[i] for i in known], y, [widths[i] for i in known]
        upper.bar(*where, align="edge", color="C0", alpha=0.3, label="accuracy")
        upper.plot(x, y, "o", color="C0", markersize=5, label="at the mean probability of the bin")
        for at, accuracy in points:
            upper.plot([at, at], [at, accuracy], color="C3", linewidth=1.5)
        upper.plot([], [], color="C3", linewidth=1.5, label="gap")
    upper.legend(loc="upper left", fontsize=8)
    upper.set_ylabel("accuracy of the answers")
    upper.set_ylim(0, 1)
    lower.bar(lows, counts, widths, align="edge", color="0.6")
    lower.set_yscale("log")
    plain_numbers(lower.yaxis)
    lower.set_ylim(0.7, max(counts, default=1) * 5)
    for low, wide, count in zip(lows, widths, counts, strict=True):
        if count:
            lower.text(low + wide / 2, count * 1.15, str(count), ha="center", va="bottom", fontsize=7)
    lower.set_ylabel("answers")
    lower.set_xlabel("probability of the predicted class")
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    for axis in (upper.yaxis, lower.xaxis):
        axis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return figure


@drawn
def histogram(normal: Floats, outliers: Floats, title: str, axis: str, rising: bool) -> Figure:
    """Draw histograms of the outlier scores of normal images (N,) and of outliers (M,), each of area 1.

    A line is where most normal images are on one side; the legend says how many outliers are there too.

    Args:
        normal: scores of normal images.
        outliers: scores of outliers.
        title: of the figure.
        axis: what a score is.
        rising: whether outliers are expected to have the higher scores.
    """
    both = np.concatenate([normal, outliers])
    left, right = (float(np.quantile(both, end)) for end in (TAIL, 1 - TAIL))
    beyond = int(((both < left) | (both > right)).sum())
    figure, axes = new_axes(title, f"{axis} ({beyond} of {len(both)} lie outside)" if beyond else axis, "density")
    bins = np.linspace(left, right, BINS)
    for values, name in ((normal, "normal"), (outliers, "outliers")):
        axes.hist(values, bins=bins.tolist(), density=True, alpha=0.6, label=f"{name} ({len(values)})")
    line = float(np.quantile(normal, KEPT if rising else 1 - KEPT))
    missed = float((outliers <= line).mean() if rising else (outliers >= line).mean())
    side = "left" if rising else "right"
    words = f"{100 * KEPT:.0f} % of the normal images are {side} of this,\n{100 * missed:.1f} % of the outliers too"
    axes.axvline(line, color="black", linestyle="--", linewidth=1, label=words)
    axes.legend(fontsize=8)
    return figure
