"""Compare several runs: those that differ in nothing but their seed become one line with a band."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fcnet import schema
from fcnet.commands.plot.albums import Album
from fcnet.commands.plot.records import curves_of
from fcnet.config.names import Which
from fcnet.errors import CheckpointError, ConfigError
from fcnet.plots import compare, curves, several
from fcnet.plots.compare import Point
from fcnet.plots.curves import Curve
from fcnet.rundir import directory, environment
from fcnet.schema import Config
from fcnet.system.sinks import Sinks
from fcnet.system.text import few

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure

_ENDING = re.compile(r"[-_. =]*(seed|s)?[-_. =]*$", re.IGNORECASE)  # what is left of a name before a seed
_SHORTEST = 2  # characters of a name that runs share
_LISTED = 4  # names in a message


@dataclass(frozen=True)
class Alike:
    """Runs that differ in nothing but their seed, and what their results do not depend on.

    Attributes:
        name: of the run, or what their names share.
        curves: of each run.
        points: of each run; none of runs that do not classify.
    """

    name: str
    curves: list[Curve]
    points: list[Point]

    @property
    def closed(self) -> bool:
        """Return whether they were solved in closed form, and have no curves."""
        return all(bool(curve.of("stage")) for curve in self.curves)

    def series(self, metric: str, factor: float = 1.0) -> several.Series:
        """Return a metric over the epochs."""
        return curves.series(self.name, self.curves, metric, factor)

    def point(self) -> Point:
        """Return the mean of the runs."""
        first, members = self.points[0], [(one.seconds, one.accuracy) for one in self.points]
        seconds, accuracy = map(fmean, zip(*members, strict=True))
        return Point(self.name, first.kind, seconds, accuracy, first.split, members=members if len(members) > 1 else ())


def draw_beside(runs: Sequence[Path], pictures: Album, sinks: Sinks, weights: Which | None = None) -> None:
    """Compare several runs: loss and accuracy over the epochs, and accuracy against time and units.

    The accuracy is that of the weights that other commands take too: see ``trained.locate``.

    Raises:
        ConfigError: they minimise different losses, or one has no finished epoch.
    """
    found = curves_of(runs, sinks)
    settings = [schema.load(run / directory.CONFIG) for run in runs]
    unit, classifies = _one_loss(runs, settings)
    points = [_point(curve, one, weights) for curve, one in zip(found, settings, strict=True)] if classifies else []
    groups = _alike(found, settings, points)
    _warn_of_tests(runs, found, sinks)
    by_gradients = [one for one in groups if not one.closed]
    figures: dict[str, Figure] = {}
    if by_gradients:
        figures["loss"] = several.metric([one.series("loss") for one in by_gradients], "loss", unit)
        if classifies:
            figures["accuracy"] = several.metric([one.series("accuracy", 100.0) for one in groups], "accuracy", "%")
        if closed := [one.name for one in groups if one.closed]:
            sinks.notice(f"{few(closed, _LISTED)}: solved in closed form: a horizontal line in accuracy, none in loss")
    if classifies:
        figures |= _as_points(groups, points, sinks)
    pictures.save(figures)


def _one_loss(runs: Sequence[Path], settings: Sequence[Config]) -> tuple[str, bool]:
    """Return the unit of the runs' loss, and whether they classify. Raises ConfigError if their losses differ."""
    losses = [(one.model.unit, one.model.classifies) for one in settings]
    if len(set(losses)) > 1:
        alike = [[str(run) for run, one in zip(runs, losses, strict=True) if one == loss] for loss in set(losses)]
        commands = " and ".join(f"fcnet plot {' '.join(words)}" for words in sorted(alike))
        raise ConfigError(f"plot: these runs minimise different losses; plot them separately: {commands}")
    return losses[0]


def _as_points(groups: Sequence[Alike], points: Sequence[Point], sinks: Sinks) -> dict[str, Figure]:
    """Return figures of accuracy against time and against units."""
    if len({point.split for point in points}) > 1:
        sinks.notice("accuracy against time is not drawn: the runs' accuracies are of different splits")
        return {}
    figures = {"trade": compare.trade([one.point() for one in groups])}
    in_series = [point for point in points if point.units is not None]
    if len({point.units for point in in_series}) > 1:
        figures["units"] = compare.units(in_series)
    return figures


def _alike(found: Sequence[Curve], settings: Sequence[Config], points: Sequence[Point]) -> list[Alike]:
    """Return runs in groups, in the order of their first runs."""
    together: dict[str, list[int]] = {}
    for i, one in enumerate(settings):
        together.setdefault(repr(_without_incidental(one)), []).append(i)
    shared = [_shared([found[i].name for i in members]) for members in together.values()]
    groups = []
    for members, name in zip(together.values(), shared, strict=True):
        first, others = found[members[0]].name, len(members) - 1
        clear = name if shared.count(name) == 1 else f"{first} and {others} like it"
        own = [points[i] for i in members] if points else []
        groups.append(Alike(clear if others else first, [found[i] for i in members], own))
    return groups


def _without_incidental(settings: Config) -> dict[str, Any]:
    """Return the settings that a run's results depend on, except the seed, by dotted keys."""
    flat: dict[str, Any] = {}

    def walk(values: dict[str, Any], above: str) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                walk(value, f"{above}{key}.")
            else:
                flat[above + key] = value

    walk(settings.model_dump(mode="json"), "")
    return {key: value for key, value in flat.items() if key not in schema.INCIDENTAL | {"seed"}}


def _shared(names: Sequence[str]) -> str:
    """Return what the names of runs begin with, without what leads to their seeds; the first name if that is little."""
    if len(names) == 1:
        return names[0]
    first, last = min(names), max(names)  # what these two share, all share
    same = next((i for i, both in enumerate(zip(first, last, strict=False)) if both[0] != both[1]), len(first))
    found = _ENDING.sub("", first[:same])
    return found if len(found) >= _SHORTEST else f"{names[0]} to {names[-1]}"


def _warn_of_tests(runs: Sequence[Path], found: Sequence[Curve], sinks: Sinks) -> None:
    """Warn if the runs were tested on different images, as far as their environment.json says."""
    tests: dict[str, list[str]] = {}
    for run, curve in zip(runs, found, strict=True):
        try:
            facts = environment.read_json(run / directory.ENVIRONMENT)["data"]["test"]
            # Pixels differ if they are prepared differently, names and labels of the same images do not.
            key = repr([facts["n"], facts.get("labels", facts["sha256"]), facts.get("names")])
        except (CheckpointError, LookupError, TypeError, AttributeError):
            continue
        tests.setdefault(key, []).append(f"{curve.name}: {facts['n']} images")
    if len(tests) > 1:
        examples = few([names[0] for names in tests.values()], _LISTED)
        sinks.warn(f"plot: the runs were tested on different images ({examples}), so their results do not compare")


def _point(curve: Curve, settings: Config, weights: Which | None) -> Point:
    """Return a run's accuracy, on the test images if there are any, and its seconds of training."""
    epochs = curve.of("epoch")
    shown = _best(epochs) if weights != "last" else epochs[-1]
    split = next(name for name in ("test", "validation", "train") if shown[name] is not None)
    # A solution in closed form takes one pass; its later epochs are for images that were added.
    timed = epochs[-1:] if curve.of("stage") else epochs
    seconds = sum(float(record["seconds"]) for record in timed)
    series, units = settings.model.series(settings) or ("", None)
    kind = settings.model.kind
    return Point(curve.name, kind, seconds, float(shown[split]["accuracy"]), split, units, series)


def _best(epochs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of a classifier's best epoch by validation; without validation images, the last one."""
    if epochs[-1]["validation"] is None:
        return epochs[-1]
    return max(epochs, key=lambda record: (record["validation"]["accuracy"], -record["validation"]["loss"]))
