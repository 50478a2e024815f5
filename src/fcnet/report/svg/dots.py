"""Every run of each group as a point, with the mean of the group and its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fcnet.report.svg.element import chart, tag, text
from fcnet.report.svg.scale import linear
from fcnet.system.text import short, width

ROW, LONGEST = 26.0, 24  # height of a row; columns of a group's name
WIDTH, RIGHT, BOTTOM = 360.0, 14.0, 40.0


@dataclass(frozen=True)
class Group:
    """A group.

    Attributes:
        name: of the group.
        values: one of each run.
        mean: of them.
        interval: of the mean, if there are several.
        colour: number of its colour.
    """

    name: str
    values: Sequence[float]
    mean: float
    interval: tuple[float, float] | None
    colour: int = 0


def draw(groups: Sequence[Group], axis: str, title: str, description: str, ceiling: float | None = None) -> Markup:
    """Return a row for each group; ``axis`` names the values, which end at ``ceiling`` at most."""
    names = [short(one.name, LONGEST) for one in groups]
    left = 12.0 + 6.6 * max(map(width, names))
    values = [value for one in groups for value in (*one.values, *(one.interval or ()))]
    values = values if ceiling is None else [min(value, ceiling) for value in values]
    scale = linear(min(values), max(values), ceiling=ceiling)
    bottom = 8 + ROW * len(groups)

    def across(value: float) -> float:
        return left + (WIDTH - RIGHT - left) * scale.place(min(max(value, scale.low), scale.high))

    inner = [tag("line", x1=across(v), x2=across(v), y1=4.0, y2=bottom, class_="grid") for v, _ in scale.ticks]
    inner += [text(across(value), bottom + 15, label, class_="tick") for value, label in scale.ticks]
    inner.append(text((left + WIDTH - RIGHT) / 2, bottom + 33, axis, class_="name"))
    for i, (one, name) in enumerate(zip(groups, names, strict=True)):
        y = 8 + ROW * (i + 0.5)
        inner.append(text(left - 8, y + 4, name, "end", class_="tick"))
        if one.interval is not None:
            low, high = map(across, one.interval)
            inner.append(tag("line", x1=low, x2=high, y1=y, y2=y, class_=f"line s{one.colour}"))
        inner.append(tag("line", x1=across(one.mean), x2=across(one.mean), y1=y - 8, y2=y + 8, class_="mean"))
        inner += [tag("circle", cx=across(v), cy=y, r=3.2, class_=f"point f{one.colour}") for v in one.values]
    return chart(WIDTH, bottom + BOTTOM, title, description, inner, class_="chart")
