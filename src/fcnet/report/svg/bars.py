"""Bars: how accurate answers of each confidence are, and how two sets of numbers are spread."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from fcnet.report.svg.element import chart, number, tag
from fcnet.report.svg.lines import Plot
from fcnet.report.svg.scale import Axis, linear

BINS = 40  # of a histogram
FEW = 30  # answers below which the accuracy of an interval is paler: its standard error may be 9 in 100


def reliability(
    bins: Sequence[tuple[float, float, float, int]], names: tuple[str, str], title: str, description: str
) -> Markup:
    """Return the accuracy of answers by their probability, beside the diagonal on which both are equal.

    Args:
        bins: low and high end of the probabilities and the accuracy, all in percent; and the number of answers.
        names: of the axes.
        title, description: of the chart.
    """
    axis = linear(0, 100)
    plot = Plot(axis, axis, names)
    inner = [*plot.frame()]
    for low, high, accuracy, n in bins:
        left, top = plot.at(low, accuracy)
        right, bottom = plot.at(high, 0.0)
        kind = "bar f0" if n >= FEW else "bar few f0"
        inner.append(tag("rect", x=left + 0.5, y=top, width=right - left - 1, height=bottom - top, class_=kind))
    (x1, y1), (x2, y2) = plot.at(0, 0), plot.at(100, 100)
    inner.append(tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_="mark"))
    return chart(plot.width, plot.height, title, description, inner, class_="chart")


def histogram(
    sets: Sequence[Sequence[float]], colours: Sequence[int], names: tuple[str, str], title: str, description: str
) -> Markup:
    """Return the shares, in percent, of each set of numbers in equal intervals; the sets lie above each other."""
    values = np.concatenate([np.asarray(one, float) for one in sets])
    edges = np.histogram_bin_edges(values, BINS)
    shares = [100 * np.histogram(one, edges)[0] / len(one) for one in sets]
    x, y = linear(float(edges[0]), float(edges[-1])), linear(0, max(float(one.max()) for one in shares))
    plot = Plot(Axis(min(x.low, edges[0]), max(x.high, edges[-1]), x.ticks), y, names)
    inner = [*plot.frame()]
    for share, colour in zip(shares, colours, strict=True):
        steps = [f"M{number(plot.across(edges[0]))} {number(plot.bottom)}"]
        for low, high, height in zip(edges, edges[1:], share, strict=False):
            top = number(plot.at(low, float(height))[1])
            steps.append(f"L{number(plot.across(low))} {top}L{number(plot.across(high))} {top}")
        steps.append(f"L{number(plot.across(edges[-1]))} {number(plot.bottom)}")
        inner.append(tag("path", d="".join(steps), class_=f"area s{colour} f{colour}"))
    return chart(plot.width, plot.height, title, description, inner, class_="chart")
