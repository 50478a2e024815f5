"""Loss and accuracy over the epochs: of one run in detail, of several beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from fcnet.plots import several
from fcnet.plots.canvas import (
    DPI,
    SPLITS,
    Floats,
    accuracy_axis,
    epoch_axis,
    head,
    linear_axis,
    loss_axis,
    run_name,
    save,
)
from fcnet.plots.several import Series
from fcnet.plots.style import drawn

# isort: split
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["DPI", "Curve", "accuracy", "best", "loss", "save", "series", "smooth"]

LABELS = {"train": "train, while training", "validation": "validation", "test": "test"}
NOISE = 0.02  # share of the single batches at either end that may lie outside the axes


@dataclass(frozen=True)
class Curve:
    """The records of one run, by name."""

    name: str
    records: Sequence[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind, ``step`` or ``epoch``."""
        return [record for record in self.records if record["kind"] == kind]


@dataclass(frozen=True)
class Phase:
    """The part of a run that minimises one loss: all of it, or a phase of layer-wise training."""

    name: str
    epochs: list[dict[str, Any]]
    steps: list[dict[str, Any]]

    @property
    def first(self) -> int:
        """Return its first epoch."""
        return int(self.epochs[0]["epoch"])

    @property
    def last(self) -> int:
        """Return its last epoch."""
        return int(self.epochs[-1]["epoch"])


def loss(curves: Sequence[Curve], unit: str = "nats") -> Figure:
    """Draw the loss: of one run with each logged batch, and its terms if there are several; of several runs, after
    each epoch.
    """
    if len(curves) == 1:
        return _losses(curves[0], unit)
    return several.metric([series(curve.name, [curve], "loss") for curve in curves], "loss", unit)


def accuracy(curves: Sequence[Curve]) -> Figure:
    """Draw accuracy after each epoch: on the training images while training, and on the held-out ones."""
    if len(curves) == 1:
        return _accuracy(curves[0])
    found = [series(curve.name, [curve], "accuracy", 100.0) for curve in curves]
    return several.metric(found, "accuracy", "%")


def series(name: str, runs: Sequence[Curve], metric: str, factor: float = 1.0) -> Series:
    """Return a metric of runs, after each of the epochs that all of them have; of layer-wise ones, in the last phase.

    Args:
        name: of the run, or of the group.
        runs: that differ in nothing but their seed.
        metric: loss or accuracy.
        factor: by which it is multiplied.
    """
    epochs = [_phases(run)[-1].epochs for run in runs]
    n = min(map(len, epochs))
    splits = [split for split in LABELS if all(one[0][split] is not None for one in epochs)]
    values = {
        split: factor * np.array([[record[split][metric] for record in one[:n]] for one in epochs]) for split in splits
    }
    return Series(name, values, int(epochs[0][0]["epoch"]), flat=all(bool(run.of("stage")) for run in runs))


def best(epochs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the record of the epoch whose weights are the best by validation; None without validation images."""
    if any(record["validation"] is None for record in epochs):
        return None
    return max(epochs, key=lambda record: (record["validation"].get("accuracy", 0.0), -record["validation"]["loss"]))


def smooth(values: Floats) -> Floats:
    """Return the running mean of values (n,) over a twentieth of them, centred.

    Towards both ends it is over fewer, as many before as after, so that it begins and ends with the values themselves.
    """
    n = len(values)
    place = np.arange(n)
    half = np.minimum(np.minimum(place, n - 1 - place), n // 40)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((sums[place + half + 1] - sums[place - half]) / (2 * half + 1))


@drawn
def _losses(curve: Curve, unit: str) -> Figure:
    """Draw the loss of one run, a column for each phase, and a row for each of its terms."""
    phases = _phases(curve)
    terms = _terms(curve)
    figure = Figure(figsize=(max(7.2, 3.6 * len(phases)), 4.5 + 1.7 * len(terms)), layout="constrained")
    head(figure, f"{run_name(curve.name)}: loss")
    ratios = [2.4, *(1.0 for _ in terms)]
    grid = figure.subplots(1 + len(terms), len(phases), sharex="col", squeeze=False, height_ratios=ratios)
    for column, phase in zip(grid.T, phases, strict=True):
        _of_phase(column[0], phase)
        if phase is phases[-1]:
            column[0].legend(fontsize=8)
        for axes, name in zip(column[1:], terms, strict=True):
            found = [
                _epochs(axes, phase, split, lambda of, name=name: of.get("terms", {}).get(name)) for split in LABELS
            ]
            linear_axis(axes, np.concatenate(found))
        column[-1].set_xlabel("epoch")
        if len(phases) > 1:
            column[0].set_title(_heading(phase), fontsize=9)
        for axes in column:
            axes.grid(alpha=0.3)
            epoch_axis(axes, phase.first, phase.last, from_zero=bool(phase.steps))
    for axes, name in zip(grid[:, 0], [f"loss ({unit})", *terms], strict=True):
        axes.set_ylabel(name.replace("_", " "))
    return figure


def _of_phase(axes: Axes, phase: Phase) -> None:
    """Draw a phase's loss, that of single batches too."""
    shown = []
    if phase.steps:
        x = np.array([record["epoch"] - 1 + record["step"] / record["steps"] for record in phase.steps])
        raw = np.array([record["loss"] for record in phase.steps])
        # A mean over the steps since the last record belongs to the middle between the two.
        middle = (x + np.concatenate([[phase.first - 1.0], x[:-1]])) / 2
        line = smooth(np.array([record["loss_mean"] for record in phase.steps]))
        alone = "." if len(x) == 1 else ""
        pale: Any = {"alpha": 0.3, "linewidth": 0.8, "marker": alone}
        axes.plot(x, raw, color=SPLITS["train"], label="train, single batches", **pale)
        last = phase.epochs[-1]["train"]["loss"]
        label = f"train, smoothed: {last:.4g} in the last epoch"
        axes.plot(middle, line, color=SPLITS["train"], linewidth=1.6, marker=alone, label=label)
        shown += [line, np.quantile(raw, [NOISE, 1 - NOISE])]
    splits = ["validation", "test"] if phase.steps else list(LABELS)
    shown += [_epochs(axes, phase, split, lambda of: of["loss"], "{:.4g}", "lowest") for split in splits]
    _mark(axes, phase)
    loss_axis(axes, np.concatenate(shown))


def _heading(phase: Phase) -> str:
    """Return the name of a phase, its epochs, and its last losses."""
    epochs = f"epochs {phase.first} to {phase.last}" if phase.last > phase.first else f"epoch {phase.last}"
    last = phase.epochs[-1]
    losses = ", ".join(f"{split} {last[split]['loss']:.4g}" for split in LABELS if last[split] is not None)
    return f"{phase.name}, {epochs}\n{losses}"


@drawn
def _accuracy(curve: Curve) -> Figure:
    phase = Phase("", curve.of("epoch"), [])
    figure = Figure(figsize=(7.2, 4.5), layout="constrained")
    head(figure, f"{run_name(curve.name)}: accuracy")
    axes = figure.add_subplot(xlabel="epoch", ylabel="accuracy (%)")
    axes.grid(alpha=0.3)
    found = [_epochs(axes, phase, split, lambda of: 100 * of["accuracy"], "{:.2f} %", "highest") for split in LABELS]
    _mark(axes, phase)
    epoch_axis(axes, phase.first, phase.last)
    accuracy_axis(axes, np.concatenate(found))
    axes.legend(loc="lower right", fontsize=8)
    return figure


def _epochs(axes: Axes, phase: Phase, split: str, value: Any, form: str = "", extreme: str = "") -> Floats:
    """Draw a split's values after each epoch, and return them; given a form, with the last and the best in the legend.

    The best epoch by validation and, without one, the last epoch have a ring.
    """
    points = [(r["epoch"], value(r[split])) for r in phase.epochs if r[split] is not None]
    points = [(x, y) for x, y in points if y is not None]
    if not points:
        return np.zeros(0)
    x, y = zip(*points, strict=True)
    chosen = best(phase.epochs)
    label = LABELS[split] if form else "_"
    if form:
        label += ": " + _in_words(list(x), list(y), split, form, extreme, None if chosen is None else chosen["epoch"])
    train = split == "train"
    look: Any = {"marker": ".", "alpha": 0.7} if train else {"marker": "o", "markersize": 3.5}
    axes.plot(x, y, color=SPLITS[split], linewidth=1.5, label=label, **look)
    at = x[-1] if chosen is None else chosen["epoch"]
    if not train and form and at in x:
        ring: Any = {"markersize": 9, "markerfacecolor": "none", "markeredgewidth": 1.5, "clip_on": False}
        axes.plot([at], [y[x.index(at)]], "o", color=SPLITS[split], **ring)
    return np.array(y)


def _in_words(x: Sequence[int], y: Sequence[float], split: str, form: str, extreme: str, chosen: int | None) -> str:
    """Return the last value of a curve, and its best one or that of the best epoch by validation."""
    last = form.format(y[-1])
    if len(y) == 1:
        return last
    if split == "train":
        return f"{last} last"
    if chosen in x:
        return f"{form.format(y[x.index(chosen)])} at epoch {chosen}, {last} last"
    top = (max if extreme == "highest" else min)(y)
    if form.format(top) == last:
        return f"{last} last, the {extreme}"
    return f"{last} last, {form.format(top)} {extreme} (epoch {x[list(y).index(top)]})"


def _mark(axes: Axes, phase: Phase) -> None:
    """Draw a line at the best epoch by validation."""
    chosen = best(phase.epochs)
    if chosen is not None and len(phase.epochs) > 1:
        label = f"best by validation: epoch {chosen['epoch']}"
        axes.axvline(chosen["epoch"], color="0.3", linestyle=":", linewidth=1, label=label)


def _phases(curve: Curve) -> list[Phase]:
    """Return the phases of a run; without layer-wise training, there is one."""
    phases = []
    steps = curve.of("step")
    for name, group in groupby(curve.of("epoch"), key=lambda record: str(record.get("stage", ""))):
        epochs = list(group)
        inside = range(epochs[0]["epoch"], epochs[-1]["epoch"] + 1)
        phases.append(Phase(name, epochs, [record for record in steps if record["epoch"] in inside]))
    return phases


def _terms(curve: Curve) -> list[str]:
    """Return the names of the terms of a loss, if it has several."""
    names = dict.fromkeys(name for record in curve.of("epoch") for name in record["train"].get("terms", {}))
    found = [name for name in names if name != "squared_error"]
    return found if len(found) > 1 else []
