"""Lines over an axis, with bands around them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fcnet.report.svg.element import chart, path, tag, text
from fcnet.report.svg.scale import Axis

WIDTH, HEIGHT = 360.0, 242.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 14.0, 30.0, 38.0

EDGE = 40.0  # of the plot, in which words are not centred above their mark
MARKED = 30  # points up to which each is marked


@dataclass(frozen=True)
class Line:
    """A line.

    Attributes:
        name: for the legend.
        points: (x, y), by x.
        colour: number of its colour.
        dash: number of its pattern: 0 is solid.
        band: lower and upper y at each point, if there is a band.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    dash: int = 0
    band: Sequence[tuple[float, float]] | None = None


@dataclass(frozen=True)
class Mark:
    """A vertical line at an x, with words."""

    x: float
    words: str


class Plot:
    """The frame of a chart: axes with grid, ticks and names.

    Args:
        x, y: the axes.
        names: of the axes.
        width, height: of the chart.
        left: room for the labels of y.
    """

    def __init__(
        self, x: Axis, y: Axis, names: tuple[str, str], width: float = WIDTH, height: float = HEIGHT, left: float = LEFT
    ) -> None:
        self.x, self.y, self._names = x, y, names
        self.width, self.height = width, height
        self.left, self.right, self.top, self.bottom = left, width - RIGHT, TOP, height - BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is on the chart."""
        return self.across(x), self.bottom + (self.top - self.bottom) * self.y.place(y)

    def across(self, x: float) -> float:
        """Return where an x is."""
        return self.left + (self.right - self.left) * self.x.place(x)

    def frame(self) -> Iterator[Markup]:
        """Yield the grid, the ticks and the names of the axes."""
        for value, label in self.y.ticks:
            y = self.at(self.x.low, value)[1]
            yield tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid")
            yield text(self.left - 6, y + 4, label, "end", class_="tick")
        for value, label in self.x.ticks:
            x = self.across(value)
            yield tag("line", x1=x, x2=x, y1=self.bottom, y2=self.bottom + 4, class_="axis")
            yield text(x, self.bottom + 16, label, class_="tick")
        yield tag("line", x1=self.left, x2=self.right, y1=self.bottom, y2=self.bottom, class_="axis")
        yield text((self.left + self.right) / 2, self.height - 5, self._names[0], class_="name")
        yield text(4.0, 10.0, self._names[1], "start", class_="name")


def draw(plot: Plot, lines: Sequence[Line], title: str, description: str, marks: Sequence[Mark] = ()) -> Markup:
    """Return lines in a frame."""
    inner = [*plot.frame()]
    for mark in marks:
        x = plot.across(mark.x)
        inner.append(tag("line", x1=x, x2=x, y1=plot.top, y2=plot.bottom, class_="mark"))
        anchor = "start" if x < plot.left + EDGE else "end" if x > plot.right - EDGE else "middle"
        inner.append(text(x, plot.top - 6, mark.words, anchor, class_="note"))
    inner += [_band(plot, line) for line in lines if line.band is not None]
    for line in lines:
        places = [plot.at(*point) for point in line.points]
        inner.append(tag("path", d=path(places), class_=f"line s{line.colour} d{line.dash}"))
        if len(places) <= MARKED:
            inner += [tag("circle", cx=x, cy=y, r=2.2, class_=f"f{line.colour}") for x, y in places]
    return chart(plot.width, plot.height, title, description, inner, class_="chart")


def _band(plot: Plot, line: Line) -> Markup:
    assert line.band is not None
    xs = [x for x, _ in line.points]
    low = [plot.at(x, _inside(plot.y, one[0])) for x, one in zip(xs, line.band, strict=True)]
    high = [plot.at(x, _inside(plot.y, one[1])) for x, one in zip(xs, line.band, strict=True)]
    return tag("path", d=path([*low, *reversed(high)]) + "Z", class_=f"band f{line.colour}")


def _inside(axis: Axis, value: float) -> float:
    return min(max(value, axis.low), axis.high)
