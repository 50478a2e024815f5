"""A comparison for people and programs: text, Markdown, CSV and JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fcnet.results.compare.comparison import Compared, Comparison
from fcnet.results.compare.statistics import CONFIDENCE, Summary
from fcnet.system.text import align, counted, csv_text, short

INTERVAL = f"{100 * CONFIDENCE:.0f} % interval"
LONGEST = 60  # columns of a group's name in a table for people

Rows = list[list[str]]


@dataclass(frozen=True)
class Report:
    """A comparison in all formats.

    Attributes:
        found: the comparison.
        figures: the files drawn.
    """

    found: Comparison
    figures: list[Path] = field(default_factory=list)

    def text(self) -> str:
        """Return a table of the groups, the differences to the reference, and McNemar's test of two runs."""
        parts = [[self._head()], align(self._groups())]
        if self._differences():
            parts += [[self._head_of_differences()], align(self._differences())]
        if two := self._mcnemar():
            parts.append(two)
        if self.figures:
            parts.append([f"figures: {', '.join(map(str, self.figures))}"])
        return "\n\n".join("\n".join(part) for part in parts)

    def markdown(self) -> str:
        """Return the same as Markdown."""
        parts = [[self._head()], _piped(self._groups())]
        if self._differences():
            parts += [[self._head_of_differences()], _piped(self._differences())]
        if two := self._mcnemar():
            parts.append(two)
        return "\n\n".join("\n".join(part) for part in parts)

    def csv(self) -> str:
        """Return a row per group, with its difference to the reference."""
        summary = ("mean", "sd", "low", "high", "min", "max")
        difference = ("n", "mean", "low", "high", "p", "holm")
        header = ["group", "n", *summary, "seconds", *(f"difference_{name}" for name in difference)]
        rows = []
        for one in self.found.groups:
            given = [None] * len(difference) if one.difference is None else _fields(one.difference, difference)
            values = _fields(one.metric, ("n", *summary))
            rows.append([one.group.name, *values, one.seconds.mean, *given])
        return csv_text(header, rows)

    def json(self) -> str:
        """Return all of it as one JSON object: shares as fractions, losses in their unit."""
        found = self.found
        two = None
        if found.two is not None:
            runs = [str(row.path) for row in found.single]
            accuracies = [self._score(i) for i in (0, 1)]
            two = asdict(found.two) | {"runs": runs, "accuracy": accuracies}
        values = {
            "metric": found.metric,
            "unit": found.unit,
            "split": found.asked.split,
            "weights": found.asked.weights,
            "by": found.by,
            "reference": found.reference,
            "confidence": CONFIDENCE,
            "groups": [_plain(one) for one in found.groups],
            "mcnemar": two,
            "left_out": [{"run": str(row.path), "why": why} for row, why in found.left_out],
            "notes": found.notes,
            "figures": [str(path) for path in self.figures],
        }
        return json.dumps(values, ensure_ascii=False)

    def _head(self) -> str:
        found = self.found
        what = found.metric if found.metric == "accuracy" else f"loss ({found.unit})"
        has_best = any(row.best is not None for one in found.groups for row in one.group.rows)
        best = has_best and found.asked.weights == "best"
        of = "best weights by validation" if best else "weights after the last epoch"
        runs = counted(sum(one.metric.n for one in found.groups), "run")
        return f"{found.asked.split} {what} of {runs} in {counted(len(found.groups), 'group')}, {of}; ± is the s.d."

    def _groups(self) -> Rows:
        value = self._number
        rows = [["group", "runs", f"{self.found.metric}{self._unit()}", INTERVAL, "min", "max", "seconds"]]
        for one in self.found.groups:
            found = one.metric
            rows.append(
                [
                    short(one.group.name, LONGEST),
                    str(found.n),
                    _with_sd(found, value),
                    _interval(found.low, found.high, value),
                    value(found.min),
                    value(found.max),
                    _with_sd(one.seconds, lambda seconds: f"{seconds:.1f}"),
                ]
            )
        return rows

    def _differences(self) -> Rows:
        """Return a row per comparison; none without pairs, or with one pair in each of several, which shows little."""
        compared = [(one.group.name, one.difference) for one in self.found.groups if one.difference is not None]
        if max((found.n for _, found in compared), default=0) < (1 if len(compared) == 1 else 2):
            return []
        holm = self._tested() > 1
        rows = [["group", "pairs", f"difference{self._points()}", INTERVAL, "p", *(["Holm"] if holm else [])]]
        for name, found in compared:
            rows.append(
                [
                    short(name, LONGEST),
                    str(found.n),
                    "-" if found.mean is None else self._signed(found.mean),
                    _interval(found.low, found.high, self._signed),
                    p_text(found.p),
                    *([p_text(found.holm)] if holm else []),
                ]
            )
        return rows

    def _head_of_differences(self) -> str:
        n = self._tested()
        corrected = f", Holm: p corrected for {n} comparisons" if n > 1 else ""
        test = f"; p by paired t-test{corrected}" if n else ""
        return f"differences to {short(self.found.reference, LONGEST)}, over common seeds{test}"

    def _tested(self) -> int:
        """Return the number of comparisons that have a p-value."""
        return sum(one.difference is not None and one.difference.p is not None for one in self.found.groups)

    def _mcnemar(self) -> list[str]:
        two = self.found.two
        if two is None:
            return []
        first, second = self.found.single
        return [
            f"McNemar's exact test on the same {two.n} images: p = {p_text(two.p)}",
            f"only {first.path} is right: {two.b}; only {second.path} is right: {two.c}",
        ]

    def _score(self, i: int) -> float | None:
        scores = self.found.single[i].scores(self.found.asked.split, self.found.asked.weights)
        return None if scores is None else scores.accuracy

    def _number(self, value: float) -> str:
        return f"{100 * value:.2f}" if self.found.metric == "accuracy" else f"{value:.4f}"

    def _signed(self, value: float) -> str:
        text = f"{100 * value:+.2f}" if self.found.metric == "accuracy" else f"{value:+.4f}"
        return text[1:] if float(text) == 0 else text

    def _unit(self) -> str:
        return " (%)" if self.found.metric == "accuracy" else ""

    def _points(self) -> str:
        return " (points)" if self.found.metric == "accuracy" else ""


def p_text(p: float | None) -> str:
    """Return a p-value with two significant digits."""
    return "-" if p is None else f"{p:#.2g}"


def _with_sd(found: Summary, number: Callable[[float], str]) -> str:
    return number(found.mean) if found.sd is None else f"{number(found.mean)} ± {number(found.sd)}"


def _interval(low: float | None, high: float | None, number: Callable[[float], str]) -> str:
    return "-" if low is None or high is None else f"{number(low)} to {number(high)}"


def _piped(rows: Rows) -> list[str]:
    """Return rows as a Markdown table, numbers aligned right."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    line = ["---", *("---:" for _ in rows[0][1:])]
    return [f"| {' | '.join(row)} |" for row in (cells[0], line, *cells[1:])]


def _fields(found: Any, names: tuple[str, ...]) -> list[Any]:
    return [getattr(found, name) for name in names]


def _plain(one: Compared) -> dict[str, Any]:
    """Return a group ready for JSON."""
    rows = one.group.rows
    return {
        "group": one.group.name,
        "settings": one.group.settings,
        "runs": [str(row.path) for row in rows],
        "seeds": [row.seed for row in rows],
        **asdict(one.metric),
        "seconds": asdict(one.seconds),
        "difference": None if one.difference is None else asdict(one.difference),
    }
