"""Figures of runs. matplotlib without pyplot: no global state, no display."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.style import as_drawn, drawn, missing
from fcnet.system.files import write_bytes
from fcnet.system.text import clean, short, width

# isort: split
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

Floats = NDArray[np.float64]

DPI = 150
TITLE = 12.0  # points, if the figure is wide enough
SMALLEST = 6.0  # points of a title
COLUMN = 0.6  # width of a column of text, as a fraction of its size
LONGEST_RUN = 40  # columns of a run's name in a picture
LONGEST_CLASS = 20  # and of a class's
CAPTION = 14  # columns of text above one of the pictures in a row
COLUMNS = 8  # pictures in a row
MOST_PICTURES = 40  # on one figure, in five rows
MOST_WRITTEN = 20  # up to so many classes, the confusion matrix shows its numbers


@dataclass(frozen=True)
class Curve:
    """The records of one run, by name."""

    name: str
    records: Sequence[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind, ``step`` or ``epoch``."""
        return [record for record in self.records if record["kind"] == kind]


def save(figure: Figure, path: Path) -> frozenset[str]:
    """Write a figure in the format of the suffix of ``path``; return the characters that no installed font has."""
    buffer, form = io.BytesIO(), path.suffix[1:].lower()
    # Without a date and random names, the same figure gives the same file.
    # The creator is named so that the next picture of this name may replace it (``own_files.has_mark``).
    metadata = {
        "png": {"Software": "fcnet"},
        "svg": {"Date": None, "Creator": "fcnet"},
        "pdf": {"CreationDate": None, "Creator": "fcnet"},
    }[form]
    with as_drawn(figure):
        figure.savefig(buffer, format=form, dpi=DPI, metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, buffer.getvalue())
    return missing(figure)


@drawn
def loss(curves: Sequence[Curve], unit: str = "nats") -> Figure:
    """Draw the training loss of the logged steps with its running mean, and the test loss after each epoch."""
    figure, axes = new_axes(_title("loss", curves), "epoch", f"loss ({unit})")
    for i, curve in enumerate(curves):
        steps = curve.of("step")
        x = [record["epoch"] - 1 + record["step"] / record["steps"] for record in steps]
        raw = np.array([record["loss"] for record in steps])
        mean = np.array([record["loss_mean"] for record in steps])
        axes.plot(x, raw, color=f"C{i}", alpha=0.3, linewidth=0.8, label=_label(curves, curve, "train, single batches"))
        axes.plot(x, smooth(mean), color=f"C{i}", linewidth=1.6, label=_label(curves, curve, "train, smoothed"))
        _epoch_lines(axes, curves, i, "loss", 1.0)
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


@drawn
def accuracy(curves: Sequence[Curve]) -> Figure:
    """Draw accuracy after each epoch: on the training images while training, and on the held-out ones."""
    figure, axes = new_axes(_title("accuracy", curves), "epoch", "accuracy (%)")
    for i, curve in enumerate(curves):
        epochs = curve.of("epoch")
        x = [record["epoch"] for record in epochs]
        y = [100 * record["train"]["accuracy"] for record in epochs]
        axes.plot(
            x,
            y,
            color=f"C{i}",
            linewidth=1.6,
            alpha=0.6,
            marker=".",
            label=_label(curves, curve, "train, while training"),
        )
        _epoch_lines(axes, curves, i, "accuracy", 100.0)
    axes.legend(loc="lower right")
    return figure


@drawn
def confusion(counts: NDArray[np.int64], classes: Sequence[str], title: str) -> Figure:
    """Draw the counts (C, C) of images by true class (rows) and predicted class (columns)."""
    n = len(classes)
    side = min(max(4.5, 0.55 * n + 1.5), 14)
    figure, axes = new_axes(title, "predicted", "true", (side + 0.8, side))
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    axes.grid(False)
    ticks = range(n) if n <= MOST_WRITTEN else range(0, n, -(-n // MOST_WRITTEN))
    names = [short(name, LONGEST_CLASS) for name in classes]
    axes.set_xticks(ticks, [names[i] for i in ticks], rotation=90 if max(map(width, names)) > 2 else 0)
    axes.set_yticks(ticks, [names[i] for i in ticks])
    if n <= MOST_WRITTEN:
        for i, j in np.argwhere(counts > 0):
            colour = "white" if share[i, j] > 0.5 else "black"
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=8)
    return figure


@drawn
def mistakes(
    images: NDArray[np.uint8], labels: NDArray[np.int64], probabilities: Floats, classes: Sequence[str], title: str
) -> Figure:
    """Draw the misclassified images whose predicted class has the highest probability.

    Args:
        images: (N, H, W).
        labels: (N,), true classes.
        probabilities: (N, C), predicted by the model.
        classes: class names.
        title: title of the figure.
    """
    predicted = probabilities.argmax(1)
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MOST_PICTURES]
    captions = [
        f"{_instead(classes[predicted[i]], classes[labels[i]])}\n{100 * probabilities[i, predicted[i]]:.1f} %"
        for i in surest
    ]
    shown = f"{len(surest)} most confident of {len(wrong)} errors" if len(wrong) else "no errors"
    return _pictures(images[surest], captions, f"{title}: {shown}", "gray", None)


def _instead(predicted: str, true: str) -> str:
    """Return two class names as a caption, on two lines if one is too short."""
    found, meant = short(predicted, CAPTION), short(true, CAPTION - len("not "))
    return f"{found}, not {meant}" if width(found + meant) + len(", not ") <= CAPTION else f"{found},\nnot {meant}"


@drawn
def weights(
    matrix: Floats, size: tuple[int, int], names: Sequence[str] | None, title: str, what: str = "units"
) -> Figure:
    """Draw rows of a first layer's weights (M, H * W) as images: blue is negative, white 0, red positive.

    The colours end at the 99.5th percentile, so that a few large weights do not make the others pale.
    """
    shown = matrix[: MOST_PICTURES if names is None else None].reshape(-1, *size)
    captions = [str(i) for i in range(len(shown))] if names is None else [short(name, CAPTION) for name in names]
    count = f"{len(shown)} of {len(matrix)} {what}" if len(shown) < len(matrix) else f"all {len(matrix)} {what}"
    limit = float(np.quantile(np.abs(shown), 0.995))
    return _pictures(shown, captions, f"{title}: {count} (blue negative, red positive, ±{limit:.2g})", "RdBu_r", limit)


def smooth(values: Floats) -> Floats:
    """Return the running mean of values (n,) over a twentieth of them, centred, over fewer at both ends."""
    half = len(values) // 40
    sums = np.concatenate([[0.0], np.cumsum(values)])
    low = np.maximum(np.arange(len(values)) - half, 0)
    high = np.minimum(np.arange(len(values)) + half + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def new_axes(title: str, x: str, y: str, size: tuple[float, float] = (7.2, 4.5)) -> tuple[Figure, Axes]:
    """Return a figure (its size in inches) with one pair of axes."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.set_title(clean(title), fontsize=title_size(title, size[0]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    return figure, axes


def head(figure: Figure, title: str) -> None:
    """Write a title over a whole figure."""
    figure.suptitle(clean(title), fontsize=title_size(title, figure.get_figwidth()))


def title_size(title: str, inches: float) -> float:
    """Return the size in points at which a title fits into a figure."""
    return max(min(TITLE, 72 * inches / (COLUMN * width(clean(title)))), SMALLEST)


def entry(name: str) -> str:
    """Return a name for a legend, which would omit names that begin with _."""
    found = short(name, LONGEST_CLASS)
    return f" {found}" if found.startswith("_") else found


def run_name(name: str) -> str:
    """Return the name of a run as shown in a figure."""
    return short(name, LONGEST_RUN)


def _title(what: str, curves: Sequence[Curve]) -> str:
    return f"{run_name(curves[0].name)}: {what}" if len(curves) == 1 else what


def _label(curves: Sequence[Curve], curve: Curve, what: str) -> str:
    # The name comes last: matplotlib leaves labels that begin with _ out of the legend.
    return what if len(curves) == 1 else f"{what} ({run_name(curve.name)})"


def _epoch_lines(axes: Axes, curves: Sequence[Curve], i: int, figure: str, factor: float) -> None:
    """Draw lines of the splits that are evaluated after each epoch."""
    curve = curves[i]
    epochs = curve.of("epoch")
    for split, style in (("validation", ":"), ("test", "--")):
        points = [(r["epoch"], factor * r[split][figure]) for r in epochs if r[split] is not None]
        if points:
            x, y = zip(*points, strict=True)
            label = _label(curves, curve, split)
            axes.plot(x, y, style, color=f"C{i}", marker="o", markersize=4, linewidth=1.4, label=label)


def _pictures(images: NDArray[Any], captions: Sequence[str], title: str, colours: str, limit: float | None) -> Figure:
    """Draw images (n, H, W) in rows, with captions; ``limit`` is where the colours of a signed scale end."""
    rows = max(-(-len(images) // COLUMNS), 1)
    figure = Figure(figsize=(1.15 * COLUMNS, 1.45 * rows + 0.6), layout="constrained")
    head(figure, title)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    low, high = (0, 255) if limit is None else (-(limit or 1.0), limit or 1.0)
    for axes in grid:
        axes.set_axis_off()
    for axes, image, caption in zip(grid, images, captions, strict=False):
        axes.imshow(image, cmap=colours, vmin=low, vmax=high)
        axes.set_title(caption, fontsize=8)
    return figure
