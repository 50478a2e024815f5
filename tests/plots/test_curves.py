"""Figures: what is drawn, read back from the figure itself."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from fcnet.families.autoencoder import plots
from fcnet.plots import curves
from fcnet.plots.curves import Curve
from fcnet.system import text
from helpers.drawn import entries, pixels, xs, ys


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


def test_loss_is_per_step_raw_and_smoothed_with_test_per_epoch() -> None:
    (axes,) = curves.loss([curve("a")]).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats)")
    assert [line.get_label() for line in axes.lines] == ["train, single batches", "train, smoothed", "test"]
    raw, _, test = axes.lines
    assert xs(raw) == [0.5, 1, 1.5, 2, 2.5, 3]
    assert xs(test) == [1, 2, 3]
    assert axes.get_legend() is not None


def test_accuracy_is_per_epoch_in_percent() -> None:
    (axes,) = curves.accuracy([curve("a", validation=True)]).axes
    assert [line.get_label() for line in axes.lines] == ["train, while training", "validation", "test"]
    assert set(ys(axes.lines[0])) == {75.0}
    assert "%" in axes.get_ylabel()


def test_several_runs_are_laid_over_each_other_by_name() -> None:
    (axes,) = curves.accuracy([curve("a"), curve("_b", 5)]).axes
    assert [line.get_label() for line in axes.lines] == [
        "train, while training (a)",
        "test (a)",
        "train, while training (_b)",
        "test (_b)",
    ]
    assert len({line.get_color() for line in axes.lines}) == 2


def test_confusion_has_true_rows_and_counts() -> None:
    counts = np.array([[8, 2], [0, 5]])
    axes = curves.confusion(counts, ["cat", "dog"], "title").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("predicted", "true", "title")
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "8", (1, 0): "2", (1, 1): "5"}
    np.testing.assert_allclose(pixels(axes), np.array([[0.8, 0.2], [0, 1]]))


def test_many_classes_and_an_empty_one() -> None:
    counts = np.zeros((60, 60), np.int64)
    axes = curves.confusion(counts, [f"class {i}" for i in range(60)], "title").axes[0]
    assert len(axes.get_xticks()) <= curves.MOST_WRITTEN


def test_mistakes_are_the_surest_ones_first() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.95, 0.05], [0.1, 0.9]])
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 3, 3), np.uint8)
    figure = curves.mistakes(images, labels, probabilities, ["a", "b"], "run")
    shown = [axes for axes in figure.axes if axes.images]
    assert [int(pixels(axes)[0, 0]) for axes in shown] == [2, 1]
    assert shown[0].get_title() == "a, not b\n95.0 %"
    assert "2 most confident of 2 errors" in figure.get_suptitle()
    assert "no errors" in curves.mistakes(images, labels, np.eye(2)[labels], ["a", "b"], "run").get_suptitle()


def test_weights_are_images_on_a_scale_with_zero_in_the_middle() -> None:
    matrix = np.random.default_rng(0).normal(size=(50, 6))
    figure = curves.weights(matrix, (2, 3), None, "run")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == curves.MOST_PICTURES
    np.testing.assert_array_equal(shown[3].images[0].get_array(), matrix[3].reshape(2, 3))
    low, high = shown[0].images[0].get_clim()
    assert low == -high < 0
    templates = curves.weights(matrix[:2], (2, 3), ["cat", "dog"], "run")
    assert [axes.get_title() for axes in templates.axes if axes.images] == ["cat", "dog"]


def test_smooth_is_a_centred_running_mean() -> None:
    values = np.random.default_rng(0).normal(size=100)
    found = curves.smooth(values)
    assert found[50] == pytest.approx(values[48:53].mean())
    assert found[0] == pytest.approx(values[:3].mean())
    assert curves.smooth(values[:5]) == pytest.approx(values[:5])


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
    one, two = curves.loss([curve(name)]), curves.accuracy([curve(name), curve("b", validation=True)])
    labels = [str(line.get_label()) for line in two.axes[0].lines]
    assert [label.split(" (")[0] for label in labels] == [
        *("train, while training", "test", "train, while training", "validation", "test")
    ]
    assert entries(two) == 5
    counts, probabilities = np.array([[1, 1], [0, 2]]), np.array([[0.9, 0.1], [0.2, 0.8]])
    images = np.zeros((2, 3, 3), np.uint8)
    figures = {
        "loss": one,
        "accuracy": two,
        "confusion": curves.confusion(counts, [name, "b"], f"{name}: title"),
        "mistakes": curves.mistakes(images, np.array([1, 0]), probabilities, [name, "b"], name),
        "scatter": plots.scatter(np.zeros((2, 2)), np.array([0, 1]), [name, "b"], name, "code"),
    }
    for word, figure in figures.items():
        curves.save(figure, tmp_path / f"{word}.png")
        for shown in figure.findobj(Text):
            assert not {"\udcca", "\x1b", "\u202e"} & set(shown.get_text())
    assert entries(figures["scatter"]) == 2
    with Image.open(tmp_path / "loss.png") as image:
        assert image.size == (1080, 675)


def test_a_title_fits_its_figure() -> None:
    assert curves.title_size("mnist: loss", 7.2) == curves.TITLE
    (axes,) = curves.loss([curve("x" * 300)]).axes
    title = axes.title
    assert text.SHORTENED in title.get_text()
    assert title.get_window_extent().width < axes.figure.bbox.width
    assert curves.title_size("零" * 80, 7.2) < curves.TITLE
