"""Pictures of the benchmark's rounds: seconds per epoch of all programs, and how fcnet's grow with four sizes."""

import io
from pathlib import Path

from fcnet.plots import style
from fcnet.system.files import write_bytes

# isort: split
from bench.figures import Section, Spread, number, programs, values
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from PIL import Image

DPI = 150
COLOURS = 256  # of a PNG's palette
OWN, OTHERS = "tab:orange", "tab:blue"
AXES = {  # of the growth picture: label of the x axis, the result it is placed by, and whether time should grow with it
    "n": ("training images", "n", True),
    "batch": ("images per batch", "batch", False),
    "width": ("units of the hidden layer (scale: weights)", "weights", True),
    "depth": ("hidden layers of 256 units (scale: weights)", "weights", True),
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG with a palette; equal results give equal files."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    with style.as_drawn(figure):
        figure.savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        palette = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        palette.save(packed, "png", optimize=True, dpi=(DPI, DPI))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, packed.getvalue())


@style.drawn
def epoch_picture(section: Section, labels: dict[str, str]) -> Figure:
    """Draw seconds per epoch on a logarithmic axis, shortest first, with the range of the rounds; the floor as lines.

    Equal distances are equal ratios, so a program that takes twenty times as long needs no break in the axis.
    """
    spreads = {name: Spread.of(values(section, name)) for name in programs(section)}
    floors = {name: spreads.pop(name) for name in list(spreads) if name.startswith("matmuls")}
    ordered = sorted(spreads, key=lambda name: spreads[name].middle)
    figure = Figure(figsize=(8, 1.5 + 0.42 * len(ordered)), layout="constrained")
    axes = figure.add_subplot(title="one epoch of 784-500-10, batch 100", xscale="log")
    axes.set_xlabel("seconds, on a logarithmic axis (median; lowest to highest)")
    for place, name in enumerate(ordered):
        _point(axes, place, spreads[name], OWN if name.startswith("fcnet") else OTHERS)
    for (name, floor), dashes in zip(floors.items(), ("--", ":"), strict=False):
        label = f"{labels.get(name, name)}: {number(floor.middle)} s"
        axes.axvline(floor.middle, color="black", linestyle=dashes, linewidth=1.2, label=label)
    axes.set_yticks(range(len(ordered)), [labels.get(name, name) for name in ordered])
    axes.set_ylim(len(ordered) - 0.5, -0.5)
    lowest = min(spread.low for spread in [*spreads.values(), *floors.values()])
    axes.set_xlim(lowest / 1.3, 2 * max(spread.high for spread in spreads.values()))  # room for the numbers
    _plain_ticks(axes.xaxis)
    axes.grid(axis="x", alpha=0.3)
    if floors:
        figure.legend(loc="outside lower center", fontsize=8)
    return figure


def _point(axes: Axes, place: int, spread: Spread, colour: str) -> None:
    """Draw the median of a program with its range, and its number behind the range."""
    reach = [[spread.middle - spread.low], [spread.high - spread.middle]]
    axes.errorbar(spread.middle, place, xerr=reach, fmt="o", color=colour, markersize=8, capsize=4, linewidth=1.5)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}  # keeps it readable on a floor's line
    text, behind = f"{number(spread.middle)} s", (spread.high, place)
    axes.annotate(text, behind, (8, 0), textcoords="offset points", va="center", fontsize=9, bbox=box, zorder=3)


def _plain_ticks(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 2, 5, 10 and so on, as these numbers; a short one at some between them too."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 5, 7)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


@style.drawn
def growth_picture(section: Section) -> Figure:
    """Draw seconds per epoch against four sizes on logarithmic axes; dashed lines show linear growth."""
    figure = Figure(figsize=(9.5, 7.5), layout="constrained")
    figure.suptitle(f"fcnet: seconds per epoch (median of {len(section['rounds'])} rounds; lowest to highest)")
    for axes, axis in zip(figure.subplots(2, 2).flatten(), AXES, strict=True):
        names = [name for name in programs(section) if name.split()[0] == axis]
        if names:
            _growth(axes, section, axis, names)
        else:
            axes.set(title="not measured", xlabel=AXES[axis][0])
    return figure


def _growth(axes: Axes, section: Section, axis: str, names: list[str]) -> None:
    """Draw the seconds for each size of an axis, which is labelled at the sizes measured."""
    label, size, linear = AXES[axis]
    spreads = [Spread.of(values(section, name)) for name in names]
    x = [values(section, name, size)[0] for name in names]
    y = [spread.middle for spread in spreads]
    reach = [[s.middle - s.low for s in spreads], [s.high - s.middle for s in spreads]]
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel="seconds per epoch")
    axes.errorbar(x, y, yerr=reach, color=OWN, marker="o", markersize=4, capsize=3)
    axes.xaxis.set_major_locator(FixedLocator(x))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(x, [f"{int(name.split()[1]):,}" for name in names])
    axes.margins(0.1)
    _plain_ticks(axes.yaxis)
    axes.grid(alpha=0.3)
    if linear:  # through the largest point, where fixed costs matter least
        axes.plot(x, [y[-1] * one / x[-1] for one in x], "--", color="black", linewidth=1, label="linear")
        axes.legend(loc="upper left")
