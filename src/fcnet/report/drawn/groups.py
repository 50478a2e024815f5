"""Charts of a comparison: metrics over the epochs with a band for each group, and every run as a point."""

from collections.abc import Iterator, Sequence

import numpy as np

from fcnet.errors import FcnetError
from fcnet.report.drawn.figure import Figure, legend
from fcnet.report.language import Words
from fcnet.report.svg import dots
from fcnet.report.svg.lines import Line, Plot, draw
from fcnet.report.svg.scale import linear, whole
from fcnet.results.compare.comparison import Compared, Comparison
from fcnet.results.compare.groups import Group
from fcnet.rundir import log
from fcnet.system.text import short

MOST = 10  # groups that a chart can tell apart: so many colours there are
DASHES = 3  # patterns of lines
LONGEST = 40  # columns of a group's name


def shown(found: Comparison) -> list[Compared]:
    """Return the groups that are drawn, in their order: all, or the best ones."""
    sign = -1 if found.metric == "accuracy" else 1
    best = sorted(found.groups, key=lambda one: sign * one.metric.mean)[:MOST]
    return [one for one in found.groups if one in best]


def bands(found: Comparison, words: Words) -> Iterator[Figure]:
    """Yield charts of accuracy and loss over the epochs: the mean of each group, and a band of one s.d."""
    split = found.asked.split
    metrics = (("accuracy", 100.0, 100.0), ("loss", 1.0, None))
    for metric, factor, ceiling in metrics[0 if found.metric == "accuracy" else 1 :]:
        lines = []
        for i, one in enumerate(shown(found)):
            values = over_epochs(one.group, split, metric)
            if values is not None and values.shape[1] > 1:
                lines.append(_line(one.group.name, factor * values, i))
        if not lines:
            continue
        heights = [y for line in lines for pair in line.band or [(y, y) for _, y in line.points] for y in pair]
        last = max(int(line.points[-1][0]) for line in lines)
        name = f"{words(f'split_{split}')}{words('colon')}{words(metric)}"
        axis = words("share_unit", name=words(metric)) if factor > 1 else words("loss_unit", unit=found.unit)
        plot = Plot(whole(1, last), linear(min(heights), max(heights), ceiling=ceiling), (words("epoch"), axis))
        ends = words("comma").join(f"{line.name} {line.points[-1][1]:.4g}" for line in lines)
        title = words.sentence("curve_of", what=name)
        yield Figure(draw(plot, lines, title, words("band_desc", what=axis, ends=ends)), title, legend(lines))


def over_epochs(group: Group, split: str, metric: str) -> np.ndarray | None:
    """Return a metric of each run of a group after each epoch that all of them have (R, E); None without any."""
    curves = []
    for row in group.rows:
        try:
            records, _ = log.read(row.path)
        except FcnetError:  # the log alone is gone: the run's result still counts in the table
            continue
        epochs = [record for record in records if record["kind"] == "epoch" and record[split] is not None]
        if epochs:
            curves.append([float(record[split][metric]) for record in epochs])
    return np.array([curve[: min(map(len, curves))] for curve in curves]) if curves else None


def _line(name: str, values: np.ndarray, number: int) -> Line:
    mean = values.mean(0)
    points = [(float(epoch), float(y)) for epoch, y in enumerate(mean, 1)]
    band = None
    if len(values) > 1:
        spread = values.std(0, ddof=1)
        band = list(zip((mean - spread).tolist(), (mean + spread).tolist(), strict=True))
    return Line(short(name, LONGEST), points, number, number % DASHES, band)


def points(found: Comparison, words: Words) -> Figure:
    """Return a chart of every run."""
    share = found.metric == "accuracy"
    factor, ceiling = (100.0, 100.0) if share else (1.0, None)
    rows = []
    for i, one in enumerate(shown(found)):
        scores = [row.scores(found.asked.split, found.asked.weights) for row in one.group.rows]
        values = [factor * float(getattr(score, found.metric)) for score in scores if score is not None]
        low, high = one.metric.low, one.metric.high
        interval = None if low is None or high is None else (factor * low, factor * high)
        rows.append(dots.Group(one.group.name, values, factor * one.metric.mean, interval, i))
    axis = words("share_unit", name=words(found.metric)) if share else words("loss_unit", unit=found.unit)
    means = words("comma").join(f"{row.name} {row.mean:.4g}" for row in rows)
    title = words.sentence("groups_title", metric=words(found.metric))
    return Figure(dots.draw(rows, axis, title, words("groups_desc", means=means), ceiling), title)


def has_more(found: Comparison) -> Sequence[int]:
    """Return how many groups are drawn, and how many there are, if not all are drawn."""
    return [MOST, len(found.groups)] if len(found.groups) > MOST else []
