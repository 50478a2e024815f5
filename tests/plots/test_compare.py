"""Figures over several runs, and of ridge paths: through the command line, and what they show."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.colors
import numpy as np
import pytest

from fcnet.plots import compare
from fcnet.plots.compare import Point
from helpers.command_line import Run
from helpers.drawn import boxes, inside, overlaps, xs, ys
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def elm(tiny: Path) -> Path:
    """A config of an ELM with several ridges."""
    values = tiny_config(tiny)
    del values["train"]
    values["model"] = {"kind": "elm", "hidden": 20}
    values["solve"] = {"solver": {"ridge": [0.01, 1.0, 100.0]}}
    return write_config(tiny / "elm.yaml", values)


def test_plots_of_one_elm(fcnet: Run, elm: Path) -> None:
    outcome = fcnet("train", "-c", elm, "plots=true")
    assert "(model.pth, metrics.jsonl, plots/ridge.png)" in outcome.out
    outcome = fcnet("plot", "checkpoints/elm")
    names = [*(f"{name}.png" for name in ("ridge", "weights", "confusion", "mistakes", "reliability")), "mistakes.csv"]
    assert outcome.out.split() == [f"checkpoints/elm/plots/{name}" for name in names]
    one = ["-c", elm, "solve.solver.ridge=1", "plots=true"]
    assert fcnet("train", *one).out.splitlines()[-2].endswith("(model.pth, metrics.jsonl)")
    # Of a run whose solver was changed, the present solver is drawn.
    assert (
        fcnet("train", *one, "--resume", "checkpoints/elm").out.splitlines()[-2].endswith("(model.pth, metrics.jsonl)")
    )


def test_plots_of_several_runs(fcnet: Run, elm: Path, tiny: Path) -> None:
    assert fcnet("train", "-c", elm).code == 0
    assert fcnet("train", "-c", elm, "model.hidden=40").code == 0
    outcome = fcnet("plot", "checkpoints/elm", "checkpoints/elm-2")
    assert outcome.out.split() == [f"checkpoints/plots/{name}.png" for name in ("trade", "units")]
    assert fcnet("train", "-c", tiny / "tiny.yaml").code == 0
    outcome = fcnet("plot", "checkpoints/tiny", "checkpoints/elm", "--out", "here")
    assert outcome.out.split() == [f"here/{name}.png" for name in ("loss", "accuracy", "trade")]
    assert "elm: solved in closed form: a horizontal line in accuracy, none in loss" in outcome.err


def test_a_ridge_path_shows_every_ridge_and_the_chosen_one() -> None:
    path: list[dict[str, Any]] = [
        {"ridge": 10.0**k, "accuracy": 0.9 + k / 100, "squared_error": 1.0 - k / 10} for k in range(4)
    ]
    path[0]["squared_error"] = None
    figure = compare.ridge_path({"path": path, "chosen_by": "press", "ridge": 1000.0}, "run, hidden layer")
    upper, lower = figure.axes
    assert ys(upper.lines[0]) == pytest.approx([90, 91, 92, 93])
    assert xs(lower.lines[0]) == [10.0, 100.0, 1000.0]
    assert xs(upper.lines[1]) == [1000.0, 1000.0]
    assert "leave-one-out (PRESS)" in figure.get_suptitle()
    figure.canvas.draw()
    written = [text.get_text() for axis in (lower.xaxis, lower.yaxis) for text in axis.get_ticklabels(which="both")]
    assert any(written)
    assert not any("$" in text for text in written)  # formulas are not drawn as such


def test_trade_has_a_point_and_a_name_for_each_run() -> None:
    points = [Point("a", "elm", 1.5, 0.95, "test", 100, "ciw"), Point("b", "fcnet", 20.0, 0.98, "test")]
    axes = compare.trade(points).axes[0]
    assert [tuple(np.asarray(one.get_offsets())[0]) for one in axes.collections] == [(1.5, 95.0), (20.0, 98.0)]
    assert {text.get_text() for text in axes.texts} == {"a", "b"}
    colours = {matplotlib.colors.to_hex(np.asarray(one.get_facecolor())[0]) for one in axes.collections}
    assert len(colours) == 2


def test_trade_shows_the_runs_of_a_mean() -> None:
    group = Point("a", "elm", 2.0, 0.9, "test", members=[(1.0, 0.85), (3.0, 0.95)])
    figure = compare.trade([group, Point("b", "elm", 1.0, 0.9, "test")])
    axes = figure.axes[0]
    shown = [np.asarray(one.get_offsets()).tolist() for one in axes.collections]
    assert shown[:2] == [[[2.0, 90.0], [1.0, 90.0]], [[1.0, 85.0], [3.0, 95.0]]]
    assert axes.get_title() == "3 runs: accuracy against training time"


LONG = "a-very-long-name-of-a-run-in-some-sweep-{}-of-them"
CHINESE = "实验{}零一二三四五六七八九十"


@pytest.mark.parametrize(("n", "words"), [(1, LONG), (2, CHINESE), (5, LONG), (12, CHINESE), (40, "r{}"), (40, LONG)])
def test_names_neither_overlap_nor_leave_the_axes(n: int, words: str, recwarn: pytest.WarningsRecorder) -> None:
    """Also of runs that are alike, as the widths of one sweep are; and not below the legend."""
    rng = np.random.default_rng(n)
    places = zip(rng.lognormal(0, 0.3, n), 0.97 + rng.normal(0, 0.004, n), strict=True)
    points = [Point(words.format(i), "fcnet", x, min(y, 1.0), "test") for i, (x, y) in enumerate(places)]
    figure = compare.trade(points)
    axes = figure.axes[0]
    texts = list(axes.texts)
    named = boxes(figure, texts)
    assert overlaps(named) == []
    assert inside(named, axes.bbox)
    frame = figure.legends[0].get_window_extent()
    assert not any(frame.overlaps(box) for box in [*named, axes.bbox])
    assert axes.get_ylim()[1] <= 100
    left_out = 0 if "without a name" not in axes.get_title() else int(axes.get_title().split("(")[1].split()[0])
    assert len(texts) == n - left_out
    assert left_out == 0 or n > 5
    assert not recwarn.list


def test_units_has_a_line_for_each_series() -> None:
    points = [
        Point("a", "elm", 4.0, 0.97, "test", 200, "ciw"),
        Point("b", "elm", 1.0, 0.95, "test", 100, "ciw"),
        Point("c", "elm", 1.0, 0.96, "test", 100, "rf-c"),
    ]
    upper, lower = compare.units(points).axes
    assert [xs(line) for line in upper.lines] == [[100, 200], [100]]
    again = Point("d", "elm", 3.0, 0.97, "test", 100, "ciw")
    assert ys(compare.units([*points, again]).axes[0].lines[0]) == pytest.approx([96.0, 97.0])
    assert ys(lower.lines[0]) == [1.0, 4.0]


def test_different_losses_in_one_unit_are_plotted_separately(fcnet: Run, tiny: Path, auto: Callable[..., Path]) -> None:
    """Cross-entropy of classes and of pixels are both in nats: the advice names a command for each."""
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "net").code == 0
    assert fcnet("train", "-c", auto(loss="cross_entropy"), "train.epochs=1", "--out", "codes").code == 0
    outcome = fcnet("plot", "net", "codes")
    assert outcome.code == 2
    assert outcome.errors[0].endswith("plot them separately: fcnet plot codes and fcnet plot net")
