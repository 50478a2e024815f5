"""Several runs in one figure: lines, bands, and a legend that stays readable."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from fcnet.plots import several
from fcnet.plots.several import Series
from helpers.command_line import Run
from helpers.drawn import boxes, inside, legend, overlaps, xs, ys

LONG = "a-very-long-name-of-a-run-in-some-sweep-{}-of-them"
CHINESE = "实验{}零一二三四五六七八九十"


def one(name: str, last: float, runs: int = 1, flat: bool = False) -> Series:
    """Accuracies that rise to a value, a little apart from run to run."""
    rise = np.linspace(last - 8, last, 5) + np.arange(runs)[:, None]
    return Series(name, {"train": rise + 0.5, "test": rise}, flat=flat)


@pytest.mark.parametrize(("n", "words"), [(2, CHINESE), (5, LONG), (12, CHINESE), (40, LONG)])
def test_the_legend_is_outside_with_one_entry_per_run(n: int, words: str, recwarn: pytest.WarningsRecorder) -> None:
    figure = several.metric([one(words.format(i), 90 + i / 8) for i in range(n)], "accuracy", "%")
    (axes,) = figure.axes
    (found,) = figure.legends
    texts = boxes(figure, found.get_texts())
    frame = found.get_window_extent()
    assert not frame.overlaps(axes.bbox)
    assert inside([frame], figure.bbox)
    assert overlaps(texts) == []
    assert axes.bbox.width > 0.45 * figure.bbox.width
    crowded = n > several.NAMED
    named = min(n, several.NAMED)
    more = [f"{n - named} others", "", "test"] if crowded else ["", "train, while training", "test"]
    assert legend(figure)[named:] == more
    assert len(axes.lines) == (n if crowded else 2 * n)
    assert not recwarn.list


def test_of_many_the_best_are_named_and_the_others_grey() -> None:
    figure = several.metric([one(f"r{i}", 80 + i) for i in range(12)], "accuracy", "%")
    assert [name.split(":")[0] for name in legend(figure)[:10]] == [f"r{i}" for i in range(11, 1, -1)]
    grey = [ys(line)[-1] for line in figure.axes[0].lines if line.get_color() == several.GREY]
    assert sorted(grey) == [80, 81]
    losses = several.metric([one(f"r{i}", 80 + i) for i in range(12)], "loss", "nats")
    assert legend(losses)[0].startswith("r0:")  # of losses, the low ones are the best
    assert "the best 10 in colour" in figure.axes[0].get_title()


def test_seeds_are_a_mean_with_a_band() -> None:
    group = one("widths", 90, runs=3)
    figure = several.metric([group, one("b", 91)], "accuracy", "%")
    (axes,) = figure.axes
    test = next(line for line in axes.lines if line.get_linestyle() == "-")
    assert_allclose(ys(test), [83, 85, 87, 89, 91])
    (band,) = axes.collections
    edges = np.asarray(band.get_paths()[0].vertices)
    assert edges[:, 1].min() == pytest.approx(82)
    assert edges[:, 1].max() == pytest.approx(92)
    assert legend(figure)[0] == "widths: 91.00 ± 1.00"
    assert "± s.d. over seeds" in legend(figure)
    assert axes.get_title() == "accuracy of 4 runs in 2 groups"


def test_a_solution_in_closed_form_is_a_horizontal_line() -> None:
    solved = Series("elm", {"train": np.array([[99.0]]), "test": np.array([[95.0]])}, flat=True)
    figure = several.metric([solved, one("net", 90)], "accuracy", "%")
    line = next(line for line in figure.axes[0].lines if line.get_linestyle() == "-.")
    assert set(ys(line)) == {95.0}
    assert min(xs(line)) < 1
    assert max(xs(line)) > 5
    assert "test, closed form" in legend(figure)
    assert figure.axes[0].get_ylim()[1] == 100


SMALL = ("train", "-c", "tiny/tiny.yaml", "train.epochs=2")


def test_runs_that_differ_in_their_seed_are_one_line(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run does not depend on does not set it apart; all else does."""
    seen: dict[str, Sequence[Series]] = {}
    metric = several.metric

    def watched(series: Sequence[Series], what: str, unit: str) -> Figure:
        seen[what] = series
        return metric(series, what, unit)

    monkeypatch.setattr(several, "metric", watched)
    for seed in (0, 1, 2):
        log = f"train.log_every={seed + 1}"
        assert fcnet(*SMALL, f"seed={seed}", log, "--out", f"sweep/wide-s{seed}").code == 0
    assert fcnet(*SMALL, "model.hidden=[3]", "--out", "sweep/narrow").code == 0
    assert fcnet("plot", "sweep").code == 0
    assert [(found.name, found.runs("test")) for found in seen["accuracy"]] == [("narrow", 1), ("wide", 3)]
    assert_allclose(seen["loss"][1].values["test"].shape, (3, 2))


def test_different_test_images_are_warned_of(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*SMALL, "--out", "a").code == 0
    assert fcnet(*SMALL, "seed=1", "--out", "b").code == 0
    assert "different images" not in fcnet("plot", "a", "b", "--out", "same").err
    shutil.copy(tiny / "train.txt", tiny / "other.txt")
    other = ["data.test.images=tiny/train", "data.test.labels=tiny/other.txt"]
    assert fcnet(*SMALL, *other, "--out", "c").code == 0
    outcome = fcnet("plot", "a", "b", "c", "--out", "different")
    warnings = [line for line in outcome.err.splitlines() if "different images" in line]
    assert warnings == [
        "fcnet: warning: plot: the runs were tested on different images (a: 21 images, c: 60 images), so their results"
        " do not compare"
    ]
