"""Medians, ratios and figures of the benchmark's rounds.

Imported by scripts/bench/page.py; does nothing by itself. A section is as benchmark.py writes it: ``rounds``, each a
mapping from programs to their results, and ``left_out``, the programs that did not run, with the reasons.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

Section = dict[str, Any]

DPI = 150
LONGEST_BAR = 4  # times fcnet's own bar; longer bars are cut, so that the short ones can be distinguished
OWN, OTHERS = "tab:orange", "tab:blue"
AXES = {  # of the growth figure: label of the x axis, its result, and whether time should be proportional to it
    "n": ("training images", "n", True),
    "batch": ("images per batch", "batch", False),
    "width": ("weights (points labelled with the units of the hidden layer)", "weights", True),
    "depth": ("weights (points labelled with the number of hidden layers of 256 units)", "weights", True),
}


@dataclass(frozen=True)
class Spread:
    """Summary of several rounds: the median, lowest and highest value."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return median, minimum and maximum of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


def values(section: Section, program: str, figure: str = "seconds") -> list[float]:
    """Return a program's result in each round that it ran in."""
    return [row[program][figure] for row in section["rounds"] if figure in row.get(program, {})]


def paired(
    section: Section, a: str, b: str, combine: Callable[[float, float], float], figure: str = "seconds"
) -> list[float]:
    """Combine two programs' results of the same round, for each round in which both ran."""
    rows = [row for row in section["rounds"] if figure in row.get(a, {}) and figure in row.get(b, {})]
    return [combine(row[a][figure], row[b][figure]) for row in rows]


def ratios(section: Section, a: str, b: str, figure: str = "seconds") -> list[float]:
    """Return A's results divided by B's of the same rounds."""
    return paired(section, a, b, lambda x, y: x / y, figure)


def differences(section: Section, a: str, b: str, figure: str = "seconds") -> list[float]:
    """Return A's results minus B's of the same rounds."""
    return paired(section, a, b, lambda x, y: x - y, figure)


def programs(section: Section) -> list[str]:
    """Return all programs that ran, in the order of the rounds."""
    return list(dict.fromkeys(name for row in section["rounds"] for name in row))


def number(value: float) -> str:
    """Format a number with three significant digits."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def spread(found: Spread, unit: str = "") -> str:
    """Format median and range."""
    return f"{number(found.middle)}{unit} ({number(found.low)} to {number(found.high)})"


def cell(found: list[float], unit: str = "") -> str:
    """Format median and range of values, or a dash if there are none."""
    return spread(Spread.of(found), unit) if found else "-"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a page's table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(one.replace('|', '/') for one in line)} |" for line in lines] + [""]


def save(figure: Figure, path: Path) -> None:
    """Write a figure; equal results give equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def epoch_picture(section: Section, labels: dict[str, str]) -> Figure:
    """Draw seconds per epoch as bars, shortest first, with the range of the rounds; the floor as lines."""
    spreads = {name: Spread.of(values(section, name)) for name in programs(section)}
    floors = {name: spreads.pop(name) for name in list(spreads) if name.startswith("matmuls")}
    ordered = sorted(spreads, key=lambda name: spreads[name].middle)
    figure = Figure(figsize=(8, 1.5 + 0.42 * len(ordered)), layout="constrained")
    axes = figure.add_subplot(title="one epoch of 784-500-10, batch 100", xlabel="seconds (median; lowest to highest)")
    own = [spread.middle for name, spread in spreads.items() if name.startswith("fcnet")]
    edge = LONGEST_BAR * max(own or [spread.middle for spread in spreads.values()] or [1.0])
    for place, name in enumerate(ordered):
        _bar(axes, place, spreads[name], edge, OWN if name.startswith("fcnet") else OTHERS)
    for (name, floor), style in zip(floors.items(), ("--", ":"), strict=False):
        label = f"{labels.get(name, name)}: {number(floor.middle)} s"
        axes.axvline(floor.middle, color="black", linestyle=style, linewidth=1.2, label=label)
    axes.set_yticks(range(len(ordered)), [labels.get(name, name) for name in ordered])
    axes.set_xlim(0, edge * 1.18)  # room for the numbers
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    if floors:
        figure.legend(loc="outside lower center", fontsize=8)
    return figure


def _bar(axes: Axes, place: int, spread: Spread, edge: float, colour: str) -> None:
    """Draw one bar with its number; a bar that is too long is cut at the edge, and its number has an arrow."""
    cut = spread.middle > edge
    axes.barh(place, min(spread.middle, edge), color=colour, alpha=0.85, height=0.7)
    end = edge if cut else min(spread.high, edge)
    if not cut:
        reach = [[spread.middle - spread.low], [end - spread.middle]]
        axes.errorbar(spread.middle, place, xerr=reach, color="black", capsize=3, linewidth=1)
    text = f"{number(spread.middle)} s" + (" →" if cut else "")
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}  # keeps it readable on a floor's line
    axes.annotate(text, (end, place), (5, 0), textcoords="offset points", va="center", fontsize=9, bbox=box, zorder=3)


def growth_picture(section: Section) -> Figure:
    """Draw seconds per epoch against four sizes on logarithmic axes; dashed lines show linear growth."""
    figure = Figure(figsize=(9.5, 7.5), layout="constrained")
    figure.suptitle("fcnet: seconds per epoch (median; lowest to highest)")
    for axes, (axis, (label, size, linear)) in zip(figure.subplots(2, 2).flatten(), AXES.items(), strict=True):
        names = [name for name in programs(section) if name.split()[0] == axis]
        spreads = [Spread.of(values(section, name)) for name in names]
        x = [values(section, name, size)[0] for name in names]
        axes.set(xscale="log", yscale="log", xlabel=label, ylabel="seconds")
        axes.xaxis.set_minor_formatter(NullFormatter())  # the points are labelled with their sizes
        axes.margins(0.1)
        axes.grid(alpha=0.3, which="both")
        if not names:
            axes.set_title("not measured")
            continue
        y = [spread.middle for spread in spreads]
        reach = [[s.middle - s.low for s in spreads], [s.high - s.middle for s in spreads]]
        axes.errorbar(x, y, yerr=reach, color=OWN, marker="o", markersize=4, capsize=3)
        for name, at, height in zip(names, x, y, strict=True):
            axes.annotate(name.split()[1], (at, height), (0, 7), textcoords="offset points", ha="center", fontsize=8)
        if linear:  # through the largest point, where fixed costs matter least
            axes.plot(x, [y[-1] * one / x[-1] for one in x], "--", color="black", linewidth=1, label="linear")
            axes.legend(loc="upper left")
    return figure
