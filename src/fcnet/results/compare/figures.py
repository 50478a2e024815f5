"""Figures of a comparison: metrics over the epochs with a band for each group, and every run as a point."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fcnet.commands.plot import album
from fcnet.plots import groups as plots
from fcnet.plots.groups import Band, Dots
from fcnet.results.compare.comparison import Comparison
from fcnet.results.compare.groups import Group
from fcnet.rundir import log
from fcnet.system.sinks import SILENT, Sinks

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure

MOST = 40  # groups that a figure can tell apart


def draw(found: Comparison, out: Path, sinks: Sinks = SILENT) -> list[Path]:
    """Draw a comparison into a folder, and return the files.

    Raises:
        ConfigError: pictures that fcnet has not drawn would be overwritten.
        CheckpointError: the metrics of a run are missing.
    """
    split, shown = found.asked.split, found.groups[:MOST]
    if len(shown) < len(found.groups):
        sinks.warn(f"the figures show the first {MOST} of {len(found.groups)} groups; for fewer, name keys with --by")
    figures: dict[str, Figure] = {}
    for metric, unit, factor in (("loss", found.unit, 1.0), ("accuracy", "%", 100.0)):
        if metric == "accuracy" and found.metric != "accuracy":
            continue
        bands = [band for one in shown if (band := _band(one.group, split, metric, factor, sinks)) is not None]
        if bands:
            figures[metric] = plots.epochs(bands, f"{split} {metric}", unit)
    factor, unit = (100.0, "%") if found.metric == "accuracy" else (1.0, found.unit)
    points = [_dots(found, i, factor) for i in range(len(shown))]
    figures["groups"] = plots.dots(points, f"{split} {found.metric}", unit)
    with album(out, in_run=False, sinks=sinks) as pictures:
        pictures.save(figures)
    return pictures.files


def _band(group: Group, split: str, metric: str, factor: float, sinks: Sinks) -> Band | None:
    """Return a group's metric over the epochs that all its runs have; None for fewer than two epochs."""
    curves = []
    for row in group.rows:
        records, damaged = log.read(row.path)
        if damaged:
            sinks.warn(damaged)
        epochs = (record for record in records if record["kind"] == "epoch" and record[split] is not None)
        curves.append([factor * record[split][metric] for record in epochs])
    n = min(map(len, curves))
    if n < 2:
        return None
    values = np.array([curve[:n] for curve in curves])
    spread = values.std(0, ddof=1) if len(values) > 1 else np.zeros(n)
    return Band(group.name, values.mean(0), spread, len(values))


def _dots(found: Comparison, i: int, factor: float) -> Dots:
    one = found.groups[i]
    scores = [row.scores(found.asked.split, found.asked.weights) for row in one.group.rows]
    values: Sequence[float] = [factor * getattr(score, found.metric) for score in scores if score is not None]
    low, high = one.metric.low, one.metric.high
    interval = None if low is None or high is None else (factor * low, factor * high)
    return Dots(one.group.name, values, factor * one.metric.mean, interval)
