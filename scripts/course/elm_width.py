"""Extreme learning machines against the multi-layer perceptron: test error and seconds by number of hidden units.

    python scripts/course/elm_width.py

Trains configs/course/elm.yaml and configs/course/mlp-relu.yaml for several widths with `fcnet train`, unless they are
already trained; a first one in each process is not counted. With --quick, fewer widths, on scikit-learn's digits.
"""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from pages import DIGITS, Drawn, draw, has_run, logarithmic, table, trained
from words import Words

from fcnet.rundir import log

WIDTHS = {"elm": [50, 100, 200, 500, 1000, 2000, 4000], "mlp-relu": [50, 200, 500]}
QUICK_EPOCHS = "train.epochs=60"  # 900 steps, as in one and a half epochs of MNIST
QUICK = {"elm": [50, 200, 800], "mlp-relu": [50]}
NAMES = {"elm": "ELM, closed form", "mlp-relu": "MLP, Adam"}
SEE = "an ELM needs many random units: its error falls with its width, and a trained net of equal width has less."


@dataclass(frozen=True)
class Curve:
    """The nets of one config: hidden units of each, its test error in per cent, and its training time in seconds."""

    name: str
    widths: list[int]
    errors: list[float]
    times: list[float]


def figure(quick: bool) -> Drawn:
    """Train a net of each kind and width."""
    found, numbers = [], {}
    for config, widths in (QUICK if quick else WIDTHS).items():
        more = [*DIGITS, *([QUICK_EPOCHS] if config == "mlp-relu" else [])] if quick else []
        settings = {width: [*more, hidden(config, width)] for width in widths}
        if not all(has_run(config, words) for words in settings.values()):
            warm_up(config, settings[widths[0]])
        errors, times = [], []
        for words in settings.values():
            epochs = [record for record in log.read(trained(config, words))[0] if record["kind"] == "epoch"]
            errors.append(100 * (1 - epochs[-1]["test"]["accuracy"]))
            times.append(sum(record["seconds"] for record in epochs))
        found.append(Curve(NAMES[config], widths, errors, times))
        numbers |= {f"{config}-{width}: wrong": error for width, error in zip(widths, errors, strict=True)}
        numbers |= {f"{config}-{width}: seconds": time for width, time in zip(widths, times, strict=True)}
    return Drawn(functools.partial(picture, found), functools.partial(report, found), numbers, SEE)


def hidden(config: str, width: int) -> str:
    """Return the setting of a width."""
    return f"model.hidden={width if config == 'elm' else [width]}"


def warm_up(config: str, settings: list[str]) -> None:
    """Train a net for nothing: the first one in a process takes longer, which is not a matter of its width."""
    with tempfile.TemporaryDirectory() as folder:
        trained(config, [*settings, *(["train.epochs=1"] if config == "mlp-relu" else [])], Path(folder))


def picture(found: list[Curve], say: Words) -> Figure:
    """Draw test error and training seconds against the width."""
    drawn = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = drawn.subplots(1, 2)
    for curve in found:
        left.loglog(curve.widths, curve.errors, marker="o", label=say(curve.name))
        right.loglog(curve.widths, curve.times, marker="o", label=say(curve.name))
    left.set(title=say("test error"), xlabel=say("hidden units"), ylabel=say("test error (%)"))
    right.set(title=say("training time"), xlabel=say("hidden units"), ylabel=say("seconds"))
    for axes, place in ((left, "best"), (right, "upper left")):
        axes.grid(alpha=0.3, which="both")
        axes.legend(loc=place)
        axes.set_xticks(found[0].widths)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
            logarithmic(axis)
    return drawn


def report(found: list[Curve], say: Words) -> None:
    """Print test error and seconds of each net."""
    rows = [
        [say(curve.name), str(width), f"{error:.2f} %", f"{time:.2f}"]
        for curve in found
        for width, error, time in zip(curve.widths, curve.errors, curve.times, strict=True)
    ]
    table([say("net"), say("hidden units"), say("test error"), say("seconds")], rows)


if __name__ == "__main__":
    draw(figure, __doc__)
