"""What all figures share: files, axes, titles, names, and colours. matplotlib without pyplot: no global state."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.plots.style import as_drawn, missing
from fcnet.system.files import write_bytes
from fcnet.system.text import clean, short, width

# isort: split
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox

Floats = NDArray[np.float64]
Place = tuple[float, float]

DPI = 150
TITLE = 12.0  # points, if the figure is wide enough
SMALLEST = 6.0  # points of a title
COLUMN = 0.6  # width of a column of text, as a fraction of its size
LONGEST_RUN = 40  # columns of a run's name in a picture
LONGEST_CLASS = 20  # and of a class's
FEW = 10  # up to so many things, colours are matplotlib's ten; beyond, they are taken from one scale
MOST_TICKS = 10  # epochs written on an axis

# One colour for each split, in every figure.
SPLITS = {"train": "C0", "validation": "C2", "test": "C1"}

ALONE = 1.5  # loss axes are logarithmic if the largest value is more than so many powers of e above the smallest


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


def entry(name: str, longest: int = LONGEST_CLASS) -> str:
    """Return a name for a legend, which would omit names that begin with _."""
    found = short(name, longest)
    return f" {found}" if found.startswith("_") else found


def run_name(name: str) -> str:
    """Return the name of a run as shown in a figure."""
    return short(name, LONGEST_RUN)


def colour(i: int, n: int) -> Any:
    """Return the colour of the i-th of n things."""
    return f"C{i}" if n <= FEW else colormaps["turbo"]((i + 0.5) / n)


def epoch_axis(axes: Axes, first: int, last: int, from_zero: bool = False) -> None:
    """Write whole epochs at an axis, the last of them always.

    Args:
        axes: with the axis.
        first: epoch that is drawn.
        last: epoch that is drawn.
        from_zero: whether what happened in the first epoch is drawn too.
    """
    start = first - 1 if from_zero else first
    step = next(size for size in _steps() if (last - start) / size <= MOST_TICKS)
    ticks = [epoch for epoch in range(-(-start // step) * step, last, step) if last - epoch > step / 2]
    axes.xaxis.set_major_locator(FixedLocator([*ticks, last]))
    margin = max(last - start, 1) * 0.03
    axes.set_xlim(start - margin, last + margin)


def _steps() -> Any:
    """Yield 1, 2, 5, 10, 20, 50 and so on."""
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def accuracy_axis(axes: Axes, values: Floats) -> None:
    """End an axis of accuracies in percent at 100, and begin it where most of them are; if that cuts, say so.

    It begins at four times the median distance from 100, so that a few low values, such as those of the first epoch,
    do not press all others together.
    """
    lowest, typical = float(values.min()), 100 - float(np.median(values))
    cut = 100 - 4 * max(typical, 0.25)
    cuts = lowest < cut - typical  # a value just below is worth its room
    low = cut if cuts else lowest - 0.05 * (100 - lowest) - 0.1
    step = next(size for size in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if (100 - low) / size <= MOST_TICKS)
    axes.set_ylim(max(np.floor(low / step) * step if cuts else low, 0), 100)
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    if cuts:
        axes.set_ylabel(f"{axes.get_ylabel()}, cut off below {axes.get_ylim()[0]:g} %")


def loss_axis(axes: Axes, values: Floats) -> None:
    """Scale an axis of losses: by powers of ten if the values are positive and far apart, else linearly."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and np.log(high / low) > ALONE:
        axes.set_yscale("log")
        axes.set_ylim(low / (high / low) ** 0.05, high * (high / low) ** 0.05)
        some_numbers(axes.yaxis)
    else:
        linear_axis(axes, values)


def linear_axis(axes: Axes, values: Floats) -> None:
    """End an axis a little beside the smallest and the largest value."""
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_ylim(low - margin, high + margin)


def some_numbers(axis: Any) -> None:
    """Show three numbers for each power of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    plain_numbers(axis)


def plain_numbers(axis: Any) -> None:
    """Show plain numbers on a logarithmic axis, not powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def place_labels(
    axes: Axes, points: Sequence[Place], names: Sequence[str], others: Sequence[Place] = (), **look: Any
) -> int:
    """Write names beside points, so that none covers another name or a point, or leaves the axes.

    Args:
        axes: whose limits are final.
        points: places in the units of the axes; the first are named first.
        names: of the points. One for which there is no room is left out.
        others: places of points without names.
        look: of the names.

    Returns:
        How many are left out.
    """
    figure = axes.figure.get_figure(root=True)
    assert figure is not None
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()  # the axes get their place
    inside, dot = axes.bbox, 4 * figure.dpi / 72
    centres = axes.transData.transform(np.asarray([*points, *others]))
    taken = [Bbox.from_extents(x - dot, y - dot, x + dot, y + dot) for x, y in centres]
    left_out = 0
    for place, name in zip(points, names, strict=True):
        for offset, sides in _PLACES:
            lines = {"arrowstyle": "-", "linewidth": 0.5, "color": "0.5"} if max(map(abs, offset)) > 8 else None
            how: dict[str, Any] = {"textcoords": "offset points", "arrowprops": lines} | _ALIGN[sides] | look
            text = axes.annotate(name, place, xytext=offset, **how)
            text.set_in_layout(False)
            text.update_positions(renderer)
            box = Bbox(Text.get_window_extent(text, renderer).get_points())  # without the line
            if _within(box.padded(1), inside) and not any(box.padded(1).overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
        else:
            left_out += 1
    return left_out


def _within(box: Bbox, other: Any) -> bool:
    return bool(box.x0 >= other.x0 and box.x1 <= other.x1 and box.y0 >= other.y0 and box.y1 <= other.y1)


_ALIGN = {
    (1, 0): {"ha": "left", "va": "center"},
    (-1, 0): {"ha": "right", "va": "center"},
    (0, 1): {"ha": "center", "va": "bottom"},
    (0, -1): {"ha": "center", "va": "top"},
    (1, 1): {"ha": "left", "va": "bottom"},
    (1, -1): {"ha": "left", "va": "top"},
    (-1, 1): {"ha": "right", "va": "bottom"},
    (-1, -1): {"ha": "right", "va": "top"},
}

# Where a name may be: near its point first, and farther away with a line to it.
_PLACES = [((far * x, far * y), (x, y)) for far in (5, 14, 28, 45) for x, y in _ALIGN]
