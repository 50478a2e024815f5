"""A metric of several runs over the epochs: a line for each run, or a mean with a band for runs that differ in seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcnet.plots.canvas import LONGEST_RUN, Floats, accuracy_axis, entry, epoch_axis, loss_axis, new_axes
from fcnet.plots.style import drawn

# isort: split
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

NAMED = 10  # up to so many, all are named and coloured; of more, the best ones
GREY = "0.75"
LINES: dict[str, Any] = {"train": "--", "validation": ":", "test": "-"}  # in the key, in this order


@dataclass(frozen=True)
class Series:
    """A metric of one run, or of several that differ in nothing but their seed.

    Attributes:
        name: of the run or the group.
        values: of each split (R, E), for R runs after each of E epochs.
        first: the first of these epochs.
        flat: whether it was solved in closed form, so that one value is for all epochs.
    """

    name: str
    values: Mapping[str, Floats]
    first: int = 1
    flat: bool = False

    def mean(self, split: str) -> Floats:
        """Return the mean over the runs (E,)."""
        return np.asarray(self.values[split].mean(0))

    def spread(self, split: str) -> Floats:
        """Return the standard deviation over the runs (E,); 0 for one run."""
        found = self.values[split]
        return np.asarray(found.std(0, ddof=1)) if len(found) > 1 else np.zeros(found.shape[1])

    def runs(self, split: str) -> int:
        """Return the number of runs."""
        return len(self.values[split])

    def last(self) -> int:
        """Return the last epoch."""
        return self.first + int(next(iter(self.values.values())).shape[1]) - 1


@drawn
def metric(series: Sequence[Series], what: str, unit: str) -> Figure:
    """Draw a metric of several runs or groups of runs over the epochs.

    Of more than ``NAMED``, only the held-out split is drawn, the best ones in colour and all others in grey.

    Args:
        series: at least one; each has the splits that its runs were evaluated on.
        what: loss or accuracy; of accuracies the higher is the better.
        unit: of the metric; ``%`` for one that ends at 100.
    """
    crowded, split = len(series) > NAMED, held_out(series)
    ranks = _ranked(series, split, rising=unit == "%")
    named = [series[i] for i in ranks[:NAMED]] if crowded else list(series)
    others = [series[i] for i in ranks[NAMED:]]
    shown = [split] if crowded else [one for one in LINES if any(one in found.values for found in series)]
    title = f"{what} of {_count(series)}" + (f": the best {NAMED} in colour" if crowded else "")
    figure, axes = new_axes(title, "epoch", f"{split if crowded else ''} {what} ({unit})".strip(), (9.6, 4.8))
    long = max(one.last() for one in series if not one.flat or all(each.flat for each in series))
    first = min(one.first for one in series if not one.flat or long == 1)
    for one in others:
        _line(axes, one, split, (first, long), GREY, thin=True)
    handles = []
    for i, one in enumerate(named):
        for part in shown:
            if part in one.values and not (one.flat and part != split):
                _line(axes, one, part, (first, long), f"C{i}", thin=part != split)
        end = one.mean(split)[-1]
        spread = f" ± {_number(one.spread(split)[-1], unit, 2)}" if one.runs(split) > 1 else ""
        name = f"{entry(one.name, LONGEST_RUN)}: {_number(end, unit)}{spread}"
        handles.append(Line2D([], [], color=f"C{i}", linewidth=1.8, label=name))
    if crowded:
        handles.append(Line2D([], [], color=GREY, label=f"{len(others)} others"))
    figure.legend(handles=[*handles, *_key(series, shown, split)], loc="outside right upper", fontsize=8)
    epoch_axis(axes, first, long)
    everything = np.concatenate([_ends(one, part) for one in named for part in shown if part in one.values])
    (accuracy_axis if unit == "%" else loss_axis)(axes, everything)
    return figure


def held_out(series: Sequence[Series]) -> str:
    """Return the split to compare by: test images if all runs have some, else validation, else training images."""
    return next(split for split in ("test", "validation", "train") if all(split in one.values for one in series))


def _ranked(series: Sequence[Series], split: str, rising: bool) -> list[int]:
    """Return positions, the best last value first."""
    ends = np.array([one.mean(split)[-1] for one in series])
    return list(np.argsort(-ends if rising else ends, kind="stable"))


def _count(series: Sequence[Series]) -> str:
    runs = sum(len(next(iter(one.values.values()))) for one in series)
    return f"{runs} runs" + (f" in {len(series)} group{'s' if len(series) > 1 else ''}" if runs > len(series) else "")


def _line(axes: Axes, one: Series, split: str, epochs: tuple[int, int], colour: str, thin: bool) -> None:
    """Draw the mean, with a band of a standard deviation if the line is not a thin one."""
    mean, spread = one.mean(split), one.spread(split)
    x = np.arange(one.first, one.first + len(mean))
    if one.flat:
        x, mean, spread = np.array([epochs[0] - 0.5, epochs[1] + 0.5]), mean[[-1, -1]], spread[[-1, -1]]
    marker = "o" if len(x) == 1 else None
    look: Any = {"linewidth": 1.0, "alpha": 0.8} if thin else {"linewidth": 1.7}
    style = "-." if one.flat and not thin else LINES[split]
    behind = colour == GREY
    axes.plot(x, mean, color=colour, linestyle=style, marker=marker, markersize=4, zorder=1.5 if behind else 2, **look)
    if spread.any() and not behind and not thin:
        axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)


def _ends(one: Series, split: str) -> Floats:
    mean, spread = one.mean(split), one.spread(split)
    return np.concatenate([mean - spread, mean + spread])


def _key(series: Sequence[Series], shown: Sequence[str], split: str) -> list[Any]:
    """Return what the kinds of lines mean, for the legend."""
    key: list[Any] = [Line2D([], [], linestyle="", label=" ")]
    for part in shown:
        width = 1.7 if part == split else 1.0
        label = "train, while training" if part == "train" else part
        key.append(Line2D([], [], color="0.3", linestyle=LINES[part], linewidth=width, label=label))
    if any(one.flat for one in series):
        key.append(Line2D([], [], color="0.3", linestyle="-.", label=f"{split}, closed form"))
    if any(one.runs(split) > 1 for one in series):
        key.append(Patch(color="0.3", alpha=0.25, label="± s.d. over seeds"))
    return key


def _number(value: float, unit: str, digits: int = 4) -> str:
    return f"{value:.2f}" if unit == "%" else f"{value:.{digits}g}"
