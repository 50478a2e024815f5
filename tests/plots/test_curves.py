"""Figures: what is drawn, read back from the figure itself."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from fcnet.families.autoencoder import plots
from fcnet.plots import answers, canvas, curves, images
from fcnet.plots.curves import Curve
from fcnet.system import text
from helpers.drawn import boxes, inside, legend, overlaps, xs, ys


def curve(name: str, epochs: int = 3, validation: bool = False) -> Curve:
    figures = {"loss": 0.5, "accuracy": 0.75, "n": 10}
    records: list[dict] = []
    for epoch in range(1, epochs + 1):
        for step in (1, 2):
            records.append(
                {"kind": "step", "epoch": epoch, "step": step, "steps": 2, "loss": 1 / epoch, "loss_mean": 1 / epoch}
            )
        held_out = figures if validation else None
        records.append({"kind": "epoch", "epoch": epoch, "train": figures, "validation": held_out, "test": figures})
    return Curve(name, records)


def labels(figure: Figure) -> list[str]:
    """The legend's entries without their values."""
    return [one.split(":")[0] for one in legend(figure)]


def test_loss_is_per_step_raw_and_smoothed_with_test_per_epoch() -> None:
    figure = curves.loss([curve("a")])
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats)")
    assert labels(figure) == ["train, single batches", "train, smoothed", "test"]
    raw, mean, test = axes.lines[:3]
    assert xs(raw) == [0.5, 1, 1.5, 2, 2.5, 3]
    assert xs(mean) == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75]  # a mean since the last record is of the middle
    assert xs(test) == [1, 2, 3]


def test_accuracy_is_per_epoch_in_percent() -> None:
    figure = curves.accuracy([curve("a", validation=True)])
    (axes,) = figure.axes
    assert labels(figure) == ["train, while training", "validation", "test", "best by validation"]
    assert set(ys(axes.lines[0])) == {75.0}
    assert "%" in axes.get_ylabel()


def run(accuracies: Sequence[float], validation: Sequence[float] | None = None) -> Curve:
    """A run with these test accuracies in percent; losses fall with them."""
    records = []
    for i, accuracy in enumerate(accuracies):
        found = {"loss": 100 - accuracy, "accuracy": accuracy / 100, "n": 10}
        held = None if validation is None else {"loss": 1.0, "accuracy": validation[i] / 100, "n": 10}
        records.append({"kind": "epoch", "epoch": i + 1, "train": found, "validation": held, "test": found})
    return Curve("run", records)


def test_the_legend_has_the_last_and_the_best_value() -> None:
    assert legend(curves.accuracy([run([90, 97, 96])]))[1] == "test: 96.00 % last, 97.00 % highest (epoch 2)"
    assert legend(curves.accuracy([run([90, 96, 97])]))[1] == "test: 97.00 % last, the highest"
    assert legend(curves.accuracy([run([90])]))[1] == "test: 90.00 %"
    assert legend(curves.loss([run([90, 97, 96])]))[1] == "test: 4 last, 3 lowest (epoch 2)"


def test_the_best_epoch_by_validation_is_marked_not_the_best_of_the_test() -> None:
    """The first of equal ones, as best.pth is; its test accuracy is named, not the highest one."""
    figure = curves.accuracy([run([90, 95, 99, 96], [90, 97, 93, 97])])
    assert "test: 95.00 % at epoch 2, 96.00 % last" in legend(figure)
    assert "best by validation: epoch 2" in legend(figure)
    rings = [(xs(line), ys(line)) for line in figure.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert rings == [([2], [97.0]), ([2], [95.0])]
    without = curves.accuracy([run([90, 99, 96])])
    rings = [(xs(line), ys(line)) for line in without.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert rings == [([3], [96.0])]


def test_a_split_has_one_colour_in_every_figure() -> None:
    found = set()
    for figure in (curves.loss([curve("a", validation=True)]), curves.accuracy([curve("a", validation=True)])):
        for line in figure.axes[0].lines:
            if str(line.get_label()).split(":")[0] in ("validation", "test"):
                found.add((str(line.get_label()).split(":")[0], line.get_color()))
    assert found == {("validation", canvas.SPLITS["validation"]), ("test", canvas.SPLITS["test"])}


@pytest.mark.parametrize("n", [1, 2, 10, 11, 20, 23, 57, 300])
def test_epochs_are_whole_and_the_last_is_written(n: int) -> None:
    for figure in (curves.loss([curve("a", n)]), curves.accuracy([curve("a", n)])):
        (axes,) = figure.axes
        ticks = axes.get_xticks()
        assert ticks[-1] == n
        assert all(tick == int(tick) for tick in ticks)
        assert len(ticks) <= canvas.MOST_TICKS + 2
        assert overlaps(boxes(figure, axes.get_xticklabels())) == []


@pytest.mark.parametrize(
    ("accuracies", "cuts"),
    [
        ([60, 95, 97, 98, 98, 98, 98], True),
        ([97.5, 98, 98.1], False),
        ([10, 10, 11], False),
        ([100, 100], False),
        ([64], False),
    ],
)
def test_accuracies_end_at_100_and_begin_where_most_are(accuracies: list[float], cuts: bool) -> None:
    (axes,) = curves.accuracy([run(accuracies)]).axes
    low, high = axes.get_ylim()
    assert high == 100
    assert 0 <= low < 100
    assert (low > min(accuracies)) == cuts
    assert ("cut off below" in axes.get_ylabel()) == cuts
    if cuts:
        assert axes.get_ylabel().endswith(f"cut off below {low:g} %")


def test_losses_far_apart_are_on_a_logarithmic_axis() -> None:
    (axes,) = curves.loss([run([10, 50, 99])]).axes
    assert axes.get_yscale() == "log"
    (axes,) = curves.loss([run([10, 20, 30])]).axes
    assert axes.get_yscale() == "linear"
    (axes,) = curves.loss([run([100, 100, 99])]).axes  # a loss of 0 has no logarithm
    assert axes.get_yscale() == "linear"


def test_phases_have_axes_of_their_own_with_their_names() -> None:
    names = ["layer 1", "layer 1", "layer 2", "whole net"]
    records: list[dict] = []
    for i, name in enumerate(names):
        found = {"loss": 10.0 * (i + 1), "n": 10, "terms": {"reconstruction": 1.0, "kl": 0.5, "squared_error": 2.0}}
        records.append({"kind": "step", "epoch": i + 1, "step": 1, "steps": 1, "loss": 1.0, "loss_mean": 2.0})
        records.append(
            {"kind": "epoch", "epoch": i + 1, "stage": name, "train": found, "validation": None, "test": found}
        )
    figure = curves.loss([Curve("run", records)])
    assert len(figure.axes) == 9  # three phases, and two terms of each
    assert [axes.get_title().splitlines()[0] for axes in figure.axes[:3]] == [
        *("layer 1, epochs 1 to 2", "layer 2, epoch 3", "whole net, epoch 4")
    ]
    assert figure.axes[0].get_title().splitlines()[1] == "train 20, test 20"
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["loss (nats)", "reconstruction", "kl"]
    assert [xs(axes.lines[0]) for axes in figure.axes[:3]] == [[1, 2], [3], [4]]
    assert [list(axes.get_xticks()) for axes in figure.axes[6:]] == [[0, 1, 2], [2, 3], [3, 4]]


def test_smooth_is_a_centred_running_mean() -> None:
    values = np.random.default_rng(0).normal(size=100)
    found = curves.smooth(values)
    assert found[50] == pytest.approx(values[48:53].mean())
    assert found[1] == pytest.approx(values[:3].mean())
    assert curves.smooth(values[:5]) == pytest.approx(values[:5])


def test_smoothing_begins_and_ends_with_the_values_however_long_a_run_is() -> None:
    for n in (3, 40, 400, 4000):
        values = np.linspace(2.3, 0.1, n)
        assert curves.smooth(values) == pytest.approx(values)  # a straight line stays one, at its ends too


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        curves.save(curves.loss([curve("run")]), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    if suffix == "png":
        with Image.open(tmp_path / "a.png") as image:
            assert min(image.size) > 500


def test_pyplot_is_not_imported() -> None:
    code = "import sys, fcnet.commands.evaluate; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


ODD = ["_run", "{split}", "$\\frac$", "100 % {0} %s", "two\nlines", "a\u202eb", "\udcca\udcfd", "long" * 60, "\x00\x1b"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_drawn(tmp_path: Path, name: str) -> None:
    two = curves.accuracy([curve(name), curve("b", validation=True)])
    assert [label.rsplit(":", 1)[0] for label in legend(two)][1:] == [
        *("b", "", "train, while training", "validation", "test")
    ]
    counts = np.array([[1, 1], [0, 2]])
    pixels = np.zeros((2, 3, 3), np.uint8)
    figures = {
        "loss": curves.loss([curve(name)]),
        "accuracy": two,
        "confusion": answers.confusion(counts, [name, "b"], f"{name}: title"),
        "mistakes": images.mistakes(pixels, [(name, "b", 0.9), ("b", name, 0.8)], [name, "b"], name),
        "scatter": plots.scatter(np.zeros((2, 2)), np.array([0, 1]), [name, "b"], name, "code"),
    }
    for word, figure in figures.items():
        curves.save(figure, tmp_path / f"{word}.png")
        for shown in figure.findobj(Text):
            assert not {"\udcca", "\x1b", "\u202e"} & set(shown.get_text())
    assert len(legend(figures["scatter"])) == 2
    with Image.open(tmp_path / "loss.png") as image:
        assert image.size == (1080, 675)


def test_a_title_fits_its_figure() -> None:
    assert canvas.title_size("mnist: loss", 7.2) == canvas.TITLE
    figure = curves.loss([curve("x" * 300)])
    assert text.SHORTENED in figure.get_suptitle()
    (box,) = boxes(figure, [one for one in figure.texts if text.SHORTENED in one.get_text()])
    assert inside([box], figure.bbox)
    assert canvas.title_size("零" * 80, 7.2) < canvas.TITLE
