"""The rows of docs/results.yaml, and what their runs gave, from docs/results.json.

Imported by scripts/results.py and scripts/figures.py; does nothing by itself, and imports nothing of fcnet's.
"""

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE, RESULTS = Path("docs/results.yaml"), Path("docs/results.json")

GEOMETRY = ("permutation-invariant", "spatial")
SMALL = "/small"  # behind the name of a row: its version at a fraction of the size


class Refused(Exception):
    """What is asked for cannot be done; each argument is a line that says why."""


@dataclass(frozen=True)
class Metric:
    """How a row is measured.

    Attributes:
        title: of its table.
        unit: of its values.
        key: of its value among the metrics of a run; None for the seconds of its training.
        shown: turns what is recorded, a fraction or a number, into what is shown.
        sign: 1 if lower is better, -1 if higher is.
        decimals: that are shown.
    """

    title: str
    unit: str
    key: str | None
    shown: Callable[[float], float]
    sign: int
    decimals: int

    def text(self, value: float) -> str:
        """Return a value without its unit."""
        return f"{value:.{self.decimals}f}"


METRICS = {
    "error": Metric("Test error", "%", "accuracy", lambda share: 100 * (1 - share), 1, 2),
    "auroc": Metric("AUROC, outliers of each class in turn", "%", "outliers.auroc", lambda share: 100 * share, -1, 2),
    "nats": Metric("Log-likelihood of a test image", "nats", "likelihood.importance_weighted_bound", float, -1, 2),
    "seconds": Metric("Seconds of training to an accuracy", "s", None, float, 1, 2),
}


@dataclass(frozen=True)
class Row:
    """One published figure, and the config that is to reach it.

    Attributes:
        name: of the row.
        config: its file below configs/, without suffix.
        task: the net and what is special, in a few words.
        published: the figure, as its paper gives it; "" if there is none.
        source: the paper.
        goal: the mean to reach.
        metric: one of ``METRICS``.
        geometry: whether it uses that pixels are neighbours.
        gpu: whether a GPU is needed for the whole of it.
        evaluated: whether its value is what ``fcnet eval --json`` prints, rather than a run's result.
        committee: runs whose probabilities are averaged; 1 for runs alone.
        over: a key that is not the row's own, such as the normal class, over whose values the mean is taken.
        parts: how many values of ``over`` there are.
        reaches: the test accuracy in % whose seconds are measured.
        small: overrides of the config that make a version of a fraction of its size.
        note: what has to be known, such as what was tried without success.
    """

    name: str
    config: str
    task: str
    metric: str
    geometry: str
    goal: float
    published: str = ""
    source: str = ""
    gpu: bool = False
    evaluated: bool = False
    committee: int = 1
    over: str = ""
    parts: int = 1
    reaches: float | None = None
    small: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def how(self) -> Metric:
        """Return how it is measured."""
        return METRICS[self.metric]

    @property
    def file(self) -> str:
        """Return the config's file, in the repository."""
        return f"configs/{self.config}.yaml"

    def value(self, run: Mapping[str, Any]) -> float:
        """Return what one entry of docs/results.json counts in this row."""
        key = self.how.key
        return self.how.shown(run["seconds"] if key is None else run["metrics"][key])


Entries = dict[str, Any]  # docs/results.json: by a row's name, the settings and the runs


def load_rows(root: Path = ROOT) -> dict[str, Row]:
    """Return all rows by their names. Raises Refused with a line for each that is not valid."""
    text = (root / SOURCE).read_text(encoding="utf-8")
    found, problems = {}, []
    for name, entry in yaml.safe_load(text)["rows"].items():
        if problem := _problem(entry):
            problems.append(f"{SOURCE}: {name}: {problem}")
        else:
            found[name] = Row(name, **entry)
    if problems:
        raise Refused(*problems)
    return found


def _problem(entry: dict[str, Any]) -> str:
    """Return what is wrong with an entry; "" if nothing is."""
    known = {one.name: one for one in fields(Row) if one.name != "name"}
    if unknown := sorted(entry.keys() - known.keys()):
        return f"{', '.join(unknown)}: unknown; the keys are {', '.join(known)}"
    if missing := [key for key in ("config", "task", "metric", "geometry", "goal") if key not in entry]:
        return f"lacks {', '.join(missing)}"
    for key, allowed in (("metric", tuple(METRICS)), ("geometry", GEOMETRY)):
        if entry[key] not in allowed:
            return f"{key}: is {entry[key]!r}; should be one of {', '.join(allowed)}"
    if ("reaches" in entry) != (entry["metric"] == "seconds"):
        return "reaches: is for rows of the metric seconds, and needed there"
    if ("over" in entry) != ("parts" in entry):
        return "over, parts: each needs the other"
    evaluated = entry.get("evaluated", False)
    if evaluated != (entry["metric"] in ("auroc", "nats") or entry.get("committee", 1) > 1):
        return "evaluated: should be true for committees and for the metrics auroc and nats, and for these alone"
    return ""


def load_results(root: Path = ROOT) -> Entries:
    """Return what was collected so far."""
    path = root / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def values(row: Row, runs: list[dict[str, Any]]) -> list[float]:
    """Return the value of each seed, or committee; with ``over``, the mean over its parts.

    Raises:
        Refused: a seed lacks parts.
    """
    by_seeds: dict[tuple[int, ...], list[float]] = {}
    for run in runs:
        by_seeds.setdefault(tuple(run["seeds"]), []).append(row.value(run))
    for seeds, found in by_seeds.items():
        if len(found) != row.parts:
            have = f"seed {seeds[0]} has {len(found)} of {row.parts} values of {row.over}"
            raise Refused(f"{RESULTS}: {row.name}: {have}")
    return [statistics.mean(found) for _, found in sorted(by_seeds.items())]
