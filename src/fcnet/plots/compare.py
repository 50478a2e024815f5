"""Figures of closed-form solutions, and figures that compare several runs of any kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

from fcnet.plots.canvas import TITLE, entry, head, new_axes, place_labels, plain_numbers, run_name, some_numbers
from fcnet.plots.style import drawn

# isort: split
from matplotlib.figure import Figure

MARKERS = "os^Dv"  # one for each kind of model, in turn

LONGEST = 36  # columns of a series' name


@dataclass(frozen=True)
class Point:
    """One run, or a group of runs that differ only in seed, as a point.

    Attributes:
        name: name of the run or the group.
        kind: kind of its model.
        seconds: training time, without evaluation.
        accuracy: in [0, 1].
        split: split that the accuracy was measured on.
        units: hidden units of a run in a series.
        series: what the runs that differ only in their units share.
        members: seconds and accuracies of the runs of a group, whose means the point has; none for one run.
    """

    name: str
    kind: str
    seconds: float
    accuracy: float
    split: str
    units: int | None = None
    series: str = ""
    members: Sequence[tuple[float, float]] = ()


@drawn
def ridge_path(stage: dict[str, Any], title: str) -> Figure:
    """Draw accuracy and squared error over the ridges that were tried, from the facts of a problem."""
    path = stage["path"]
    ridges = [point["ridge"] for point in path]
    split = "validation images" if stage["chosen_by"] == "validation" else "leave-one-out (PRESS)"
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
    plain_numbers(lower.xaxis)
    some_numbers(lower.yaxis)
    upper.legend(fontsize=8)
    return figure


@drawn
def trade(points: Sequence[Point]) -> Figure:
    """Draw accuracy against training time, one point per run, or per group of runs that differ only in seed."""
    split = points[0].split
    runs = sum(len(point.members) or 1 for point in points)
    title = f"{runs} runs: accuracy against training time"
    figure, axes = new_axes(title, "training time (s)", f"{split} accuracy (%)", (8.4, 5.0))
    axes.set_xscale("log")
    for number, kind in enumerate(dict.fromkeys(point.kind for point in points)):
        own = [point for point in points if point.kind == kind]
        x, y = [point.seconds for point in own], [100 * point.accuracy for point in own]
        look: Any = {"marker": MARKERS[number % len(MARKERS)], "color": f"C{number}"}
        axes.scatter(x, y, label=kind, zorder=3, **look)
        if single := [one for point in own for one in point.members]:
            seconds, accuracies = zip(*single, strict=True)
            axes.scatter(seconds, [100 * one for one in accuracies], s=10, alpha=0.4, linewidths=0, **look)
    if any(point.members for point in points):
        axes.scatter([], [], s=10, alpha=0.6, color="0.3", label="single runs of a mean")
    axes.margins(x=0.15, y=0.12)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0), min(high, 100))
    some_numbers(axes.xaxis)
    figure.legend(loc="outside right upper", fontsize=8)
    best = sorted(points, key=lambda point: -point.accuracy)  # their names are placed first
    places = [(point.seconds, 100 * point.accuracy) for point in best]
    names = [run_name(point.name) for point in best]
    others = [(seconds, 100 * accuracy) for point in best for seconds, accuracy in point.members]
    if left_out := place_labels(axes, places, names, others, fontsize=8):
        axes.set_title(f"{title} ({left_out} without a name)", fontsize=TITLE)
    return figure


@drawn
def units(points: Sequence[Point]) -> Figure:
    """Draw accuracy and training time against hidden units, one line per series; runs with equal units are averaged."""
    split = points[0].split
    figure = Figure(figsize=(8.4, 6.4), layout="constrained")
    figure.suptitle("accuracy and training time against hidden units")
    upper, lower = figure.subplots(2, 1, sharex=True)
    ordered = sorted(points, key=lambda point: (point.series, point.units or 0))
    for series, group in groupby(ordered, key=lambda point: point.series):
        own = [list(alike) for _, alike in groupby(group, key=lambda point: point.units)]
        x = [alike[0].units for alike in own]
        upper.plot(
            x,
            [100 * fmean(point.accuracy for point in alike) for alike in own],
            marker="o",
            label=entry(series, LONGEST),
        )
        lower.plot(x, [fmean(point.seconds for point in alike) for alike in own], marker="o")
    upper.set_ylabel(f"{split} accuracy (%)")
    lower.set_ylabel("training time (s)")
    lower.set_xlabel("hidden units")
    lower.set_yscale("log")
    for axes in (upper, lower):
        axes.set_xscale("log")
        axes.grid(alpha=0.3, which="both")
    lower.set_xticks(sorted({point.units for point in points if point.units is not None}))
    plain_numbers(lower.xaxis)
    some_numbers(lower.yaxis)
    figure.legend(loc="outside right upper", fontsize=8)
    return figure
