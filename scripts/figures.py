"""Write the numbers of docs/figures.yaml to the marked places in pages and configs.

python scripts/figures.py           writes them
python scripts/figures.py --check   fails if a place has another number
"""

import json
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bench.figures import Spread, number, spread
from published import page, rows

ROOT = Path(__file__).parent.parent
SOURCE, BENCHMARKS = Path("docs/figures.yaml"), Path("docs/benchmarks.json")

MARK = r"([\w.-]+)(?: (\w+))?"  # an ID, and a FORM
INLINE = re.compile(rf"(<!-- figure: {MARK} -->)[^\n]*?(<!-- / -->)")
BELOW = re.compile(rf"(<!-- figure below: {MARK} -->\n```\w*\n)(.*?\n)(```)", re.DOTALL)
TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- / -->)", re.DOTALL)
COMMENT = re.compile(rf"-?\d[\d.,]*(?: (?:%|s|nats))?( \[figure: {MARK}\])")
CHINESE = {"seed 0 alone": "仅种子 0", " to ": " 到 ", " s": " 秒", " %": "%", " (": "（", ")": "）", ", ": "，"}


class FigureError(Exception):
    """A mark that cannot be filled; the text says why."""


@dataclass(frozen=True)
class Figure:
    """One number, or several measurements of it.

    Attributes:
        values: one for each seed or round; or the lowest and the highest.
        unit: appended to the number.
        command: the command that measures it.
        when: the date and torch's version.
        shown: formats one value.
        is_span: whether the values are the lowest and the highest.
    """

    values: list[float]
    unit: str
    command: str
    when: str
    shown: Callable[[float], str]
    is_span: bool

    def number(self) -> str:
        """Return the mean, or the span, without its unit."""
        return self.range() if self.is_span else self.shown(statistics.mean(self.values))

    def mean(self) -> str:
        """Return the mean, or the span, with its unit."""
        return self._with_unit(self.number())

    def seed0(self) -> str:
        """Return the value of seed 0."""
        return self._with_unit(self.shown(self.values[0]))

    def error(self) -> str:
        """Return 100 minus the mean."""
        return self._with_unit(self.shown(100 - statistics.mean(self.values)))

    def range(self) -> str:
        """Return the lowest and the highest."""
        return f"{self.shown(min(self.values))} to {self.shown(max(self.values))}"

    def each(self) -> str:
        """Return all values."""
        return " ".join(map(self.shown, self.values))

    def sentence(self) -> str:
        """Return all values in a sentence."""
        *most, last = map(self.shown, self.values)
        return f"{', '.join(most)} and {last}"

    def row(self) -> str:
        """Return mean, standard deviation and all values, or the one of seed 0."""
        if len(self.values) == 1:
            return f"{self.number()}, seed 0 alone"
        return f"{self.number()} ± {self.shown(statistics.stdev(self.values))} ({self.each()})"

    def middle(self) -> str:
        """Return the median."""
        return self._with_unit(number(statistics.median(self.values)))

    def median(self) -> str:
        """Return the median with the lowest and the highest, or the only value."""
        return spread(Spread.of(self.values), f" {self.unit}") if len(self.values) > 1 else self.middle()

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.unit}".strip()

    def text(self, form: str | None, chinese: bool = False) -> str:
        """Return the text for a place that asks for a form."""
        forms: dict[str | None, Callable[[], str]] = {
            name: getattr(self, name) for name in ("number", "seed0", "error", "range", "each", "sentence", "row")
        }
        forms |= {None: self.mean, "median": self.median, "middle": self.middle}
        forms |= {"when": lambda: self.when, "command": lambda: f"`{self.command}`"}
        if form not in forms:
            raise FigureError(f"no form {form!r}; the forms are {', '.join(name for name in forms if name)}")
        found = forms[form]()
        if not chinese or form == "command":
            return found
        return replaced(found, {", ": "、", " and ": " 和 "} if form == "sentence" else CHINESE)


@dataclass(frozen=True)
class Figures:
    """All of docs/figures.yaml."""

    figures: dict[str, Figure]
    tables: dict[str, dict[str, Any]]
    published: dict[str, str]

    @classmethod
    def load(cls, root: Path = ROOT) -> "Figures":
        """Read the file, and the benchmark's that it refers to."""
        source = yaml.safe_load((root / SOURCE).read_text(encoding="utf-8"))
        measured = json.loads((root / BENCHMARKS).read_text(encoding="utf-8"))
        figures = {}
        for name, entry in source["figures"].items():
            if "benchmark" in entry:
                figures[name] = benchmarked(entry, measured)
            elif "result" in entry:
                figures[name] = collected(entry, root)
            else:
                figures[name] = recorded(entry, source["setups"])
        return cls(figures, source["tables"], source["published"])

    def text(self, name: str, form: str | None, chinese: bool = False) -> str:
        """Return a figure in a form."""
        if name not in self.figures:
            raise FigureError(f"no figure {name!r} in {SOURCE}")
        return self.figures[name].text(form, chinese)

    def table(self, name: str, chinese: bool = False) -> str:
        """Return a table as a page writes it."""
        if name not in self.tables:
            raise FigureError(f"no table {name!r} in {SOURCE}")
        lines = [self.tables[name]["head"], *self.tables[name]["rows"]]
        if chinese:
            words = self.tables[name]["chinese"]
            lines = [[words["cells"].get(cell, replaced(cell, words["phrases"])) for cell in line] for line in lines]
        filled = [
            [re.sub(rf"\{{{MARK}\}}", lambda m: self.text(m[1], m[2], chinese), cell) for cell in line]
            for line in lines
        ]
        head, *rows = filled
        return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])

    def filled(self, text: str, chinese: bool = False) -> str:
        """Return a page or a config with its figures in their places."""
        text = INLINE.sub(lambda m: m[1] + self.text(m[2], m[3], chinese) + m[4], text)
        text = BELOW.sub(lambda m: m[1] + in_example(m[4], self.text(m[2], m[3])) + m[5], text)
        text = TABLE.sub(lambda m: m[1] + self.table(m[2], chinese) + m[3], text)
        return COMMENT.sub(lambda m: self.text(m[2], m[3]) + m[1], text)


def benchmarked(entry: dict[str, Any], measured: dict[str, Any]) -> Figure:
    """Return a figure that the benchmark measured."""
    section, program, name = entry["benchmark"]
    about = measured[section]["about"]
    values = [entry.get("times", 1) * row[program][name] for row in measured[section]["rounds"] if program in row]
    versions = about["versions"]["fcnet's"]
    when = f"{about['date']}, torch {versions['torch']}"
    return Figure(values, entry.get("unit", ""), about["command"], when, writer(entry), False)


def recorded(entry: dict[str, Any], setups: dict[str, Any]) -> Figure:
    """Return a figure that is written in the file."""
    setup, is_span = setups[entry["setup"]], "span" in entry
    when = f"{setup['date']}, torch {setup['torch']}"
    values = [float(value) for value in entry["span" if is_span else "values"]]
    return Figure(values, entry.get("unit", ""), entry["command"], when, writer(entry), is_span)


def collected(entry: dict[str, Any], root: Path = ROOT) -> Figure:
    """Return a figure of the runs in docs/results.json: what a row is measured by, or the seconds of its trainings."""
    name, what = [*entry["result"], "value"][:2]
    row, entries = rows.load_rows(root).get(name), rows.load_results(root)
    if row is None or name not in entries:
        raise FigureError(f"{SOURCE}: result: {name}: has no runs in {rows.RESULTS}; collect them: scripts/results.py")
    if what not in ("value", "seconds"):
        raise FigureError(f"{SOURCE}: result: {name}: no figure {what!r}; it is value or seconds")
    runs = entries[name]["runs"]
    values = rows.values(row, runs) if what == "value" else [run["seconds"] for run in runs]
    unit = row.how.unit if what == "value" else "s"
    shown = writer(entry) if "decimals" in entry else row.how.text if what == "value" else number
    return Figure(values, entry.get("unit", unit), page.command(row), page.when(row, entries), shown, False)


def writer(entry: dict[str, Any]) -> Callable[[float], str]:
    """Return the format of one value: a number of decimals, a power of ten, or three significant digits."""
    if "exponent" in entry:
        return lambda value: f"{value:.{entry['exponent']}e}"
    if "span" in entry:
        return lambda value: f"{value:g}"
    return lambda value: f"{value:.{entry['decimals']}f}" if "decimals" in entry else number(value)


def replaced(text: str, words: dict[str, str]) -> str:
    """Return a text with some words replaced, in the order given."""
    for word, other in words.items():
        text = text.replace(word, other)
    return text


def in_example(block: str, text: str) -> str:
    """Return a block of a program's output with its one percentage replaced."""
    found, count = re.subn(r"\d+\.\d+ %", text, block)
    if count != 1:
        raise FigureError(f"the example below has {count} percentages, not one")
    return found


def places(root: Path = ROOT) -> Iterator[Path]:
    """Yield the files that may have marks."""
    yield from sorted(root.glob("README*.md"))
    yield from sorted((root / "docs").glob("*.md"))
    yield from sorted((root / "configs").rglob("*.yaml"))


def main() -> int:
    """Write or check all places."""
    figures, stale = Figures.load(), []
    for path in places():
        text = path.read_text(encoding="utf-8")
        try:
            filled = figures.filled(text, ".zh-CN" in path.name)
        except FigureError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        if filled != text:
            stale.append(path)
            if "--check" not in sys.argv:
                path.write_text(filled, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(*(f"{path}: out of date; run python scripts/figures.py" for path in stale), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
