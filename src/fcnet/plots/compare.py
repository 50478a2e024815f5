"""Figures of closed-form solutions, and figures that compare several runs of any kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

from fcnet.plots.curves import head, new_axes, run_name
from fcnet.plots.style import drawn

# isort: split
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

MARKERS = "os^Dv"  # one for each kind of model, in turn

LABELLED = 30  # up to so many runs, points are labelled with names


@dataclass(frozen=True)
class Point:
    """One run as a point.

    Attributes:
        name: name of the run.
        kind: kind of its model.
        seconds: training time, without evaluation.
        accuracy: in [0, 1].
        split: split that the accuracy was measured on.
        units: hidden units of a run in a series.
        series: what the runs that differ only in their units share.
    """

    name: str
    kind: str
    seconds: float
    accuracy: float
    split: str
    units: int | None = None
    series: str = ""


@drawn
def ridge_path(stage: dict[str, Any], title: str) -> Figure:
    """Draw accuracy and squared error over the ridges that were tried, from the facts of a problem."""
    path = stage["path"]
    ridges = [point["ridge"] for point in path]
    split = "validation images" if stage["chosen_by"] == "validation" else "leave-one-out on the training images"
    figure = Figure(figsize=(7.2, 5.4), layout="constrained")
    head(figure, f"{title}: {len(path)} ridges, {split}")
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(ridges, [100 * point["accuracy"] for point in path], marker="o", color="C0")
    upper.set_ylabel("accuracy (%)")
    errors = [(point["ridge"], point["squared_error"]) for point in path if point["squared_error"] is not None]
    lower.plot(*zip(*errors, strict=True), marker="o", color="C1")
    lower.set_ylabel("squared error per image")
    lower.set_yscale("log")
    lower.set_xlabel("ridge")
    for axes in (upper, lower):
        axes.set_xscale("log")
        axes.axvline(stage["ridge"], color="black", linestyle=":", label=f"chosen: {stage['ridge']:g}")
        axes.grid(alpha=0.3)
    _plain_numbers(lower.xaxis)
    _some_numbers(lower.yaxis)
    upper.legend()
    return figure


@drawn
def trade(points: Sequence[Point]) -> Figure:
    """Draw accuracy against training time, one point per run."""
    split = points[0].split
    figure, axes = new_axes(
        f"{len(points)} runs: accuracy against training time", "training time (s)", f"{split} accuracy (%)"
    )
    axes.set_xscale("log")
    for number, kind in enumerate(dict.fromkeys(point.kind for point in points)):
        own = [point for point in points if point.kind == kind]
        x, y = [point.seconds for point in own], [100 * point.accuracy for point in own]
        axes.scatter(x, y, marker=MARKERS[number % len(MARKERS)], color=f"C{number}", label=kind, zorder=3)
    if len(points) <= LABELLED:
        for point in points:
            place = (point.seconds, 100 * point.accuracy)
            axes.annotate(run_name(point.name), place, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.margins(x=0.15, y=0.1)
    _some_numbers(axes.xaxis)
    axes.legend(loc="lower right")
    return figure


@drawn
def units(points: Sequence[Point]) -> Figure:
    """Draw accuracy and training time against hidden units, one line per series; runs with equal units are averaged."""
    split = points[0].split
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    figure.suptitle("accuracy and training time against hidden units")
    upper, lower = figure.subplots(2, 1, sharex=True)
    ordered = sorted(points, key=lambda point: (point.series, point.units or 0))
    for series, group in groupby(ordered, key=lambda point: point.series):
        own = [list(alike) for _, alike in groupby(group, key=lambda point: point.units)]
        x = [alike[0].units for alike in own]
        upper.plot(x, [100 * fmean(point.accuracy for point in alike) for alike in own], marker="o", label=series)
        lower.plot(x, [fmean(point.seconds for point in alike) for alike in own], marker="o", label=series)
    upper.set_ylabel(f"{split} accuracy (%)")
    lower.set_ylabel("training time (s)")
    lower.set_xlabel("hidden units")
    lower.set_yscale("log")
    for axes in (upper, lower):
        axes.set_xscale("log")
        axes.grid(alpha=0.3, which="both")
    lower.set_xticks(sorted({point.units for point in points if point.units is not None}))
    _plain_numbers(lower.xaxis)
    _some_numbers(lower.yaxis)
    upper.legend()
    return figure


def _some_numbers(axis: Any) -> None:
    """Show three numbers for each power of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    _plain_numbers(axis)


def _plain_numbers(axis: Any) -> None:
    """Show plain numbers on a logarithmic axis, not powers of ten."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
