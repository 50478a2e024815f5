"""Medians and ratios of the benchmark's rounds.

Imported by scripts/bench/page.py; does nothing by itself. A section is as benchmark.py writes it: ``rounds``, each a
mapping from programs to their results, and ``left_out``, the programs that did not run, with the reasons.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Section = dict[str, Any]


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
