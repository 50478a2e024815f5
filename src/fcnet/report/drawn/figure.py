"""A chart with what stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from fcnet.report.svg.lines import Line


@dataclass(frozen=True)
class Entry:
    """An entry of a legend: a name, and the numbers of its colour and its pattern."""

    name: str
    colour: int
    dash: int = 0


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        svg: the chart.
        caption: below it.
        legend: its entries; none if it needs none.
    """

    svg: Markup
    caption: str
    legend: Sequence[Entry] = field(default_factory=list)


def legend(lines: Sequence[Line]) -> list[Entry]:
    """Return the legend of lines."""
    return [Entry(line.name, line.colour, line.dash) for line in lines]
