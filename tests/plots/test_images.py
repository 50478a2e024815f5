"""Figures made of images: mistakes, weights, grids of an autoencoder."""

import matplotlib.colors
import numpy as np
import pytest
from numpy.typing import NDArray

from fcnet.families.autoencoder import plots
from fcnet.plots import images
from helpers.drawn import boxes, inside, legend, overlaps, pixels

ANSWERS = [("2", "8", 0.99983), ("a", "b", 0.951)]


def pictures(n: int) -> NDArray[np.uint8]:
    return np.arange(n, dtype=np.uint8)[:, None, None] * np.ones((1, 3, 3), np.uint8)


def test_mistakes_say_what_is_true_and_what_was_answered() -> None:
    figure = images.mistakes(pictures(2), ANSWERS, ["c/7.png", "d.png"], "run: 2 errors")
    shown = [axes for axes in figure.axes if axes.images]
    assert [int(pixels(axes)[0, 0]) for axes in shown] == [0, 1]
    assert [axes.get_title().strip() for axes in shown] == ["true 2", "true a"]
    assert [[text.get_text() for text in axes.texts] for axes in shown] == [
        ["→ 8 (99.98 %)", "c/7.png"],
        ["→ b (95.10 %)", "d.png"],
    ]
    red, green, blue = matplotlib.colors.to_rgb(shown[0].texts[0].get_color())
    assert red > 3 * max(green, blue)
    assert matplotlib.colors.to_rgb(shown[0].title.get_color()) == (0, 0, 0)
    assert figure.get_suptitle() == "run: 2 errors"


@pytest.mark.parametrize("word", ["{}", "long name of a class, {}", "类别{}零一二三四五六七八九十"])
def test_captions_do_not_overlap(word: str, recwarn: pytest.WarningsRecorder) -> None:
    names = [word.format(i) for i in range(45)]
    answered = [(one, one, 0.9) for one in names]
    figure = images.mistakes(pictures(45), answered, [f"folder/{one}.png" for one in names], "run")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == images.MOST_PICTURES
    found = boxes(figure, [text for axes in shown for text in axes.texts] + [axes.title for axes in shown])
    for alike in (found[:80:2], found[1:80:2], found[80:]):  # answers, files, true classes
        assert overlaps(alike) == []
    frames = [axes.get_window_extent() for axes in shown]
    assert not any(box.overlaps(frame) for box in found[:80] for frame in frames)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.5, "50.00 %"), (0.99994, "99.99 %"), (0.999996, "99.9996 %"), (1 - 1e-9, ">99.999999 %"), (1.0, "100 %")],
)
def test_a_probability_reads_100_only_if_it_is_1(probability: float, words: str) -> None:
    assert images.certain(probability) == words


def test_weights_are_images_the_largest_first_on_a_scale_with_zero_in_the_middle() -> None:
    matrix = np.random.default_rng(0).normal(size=(50, 6)) * np.linspace(0.1, 1, 50)[:, None]
    figure = images.weights(matrix, (2, 3), None, "run")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == images.MOST_PICTURES
    order = np.argsort(-(matrix**2).sum(1))
    np.testing.assert_array_equal(pixels(shown[3]), matrix[order[3]].reshape(2, 3))
    assert [axes.get_title() for axes in shown] == [str(i) for i in order[: images.MOST_PICTURES]]
    low, high = shown[0].images[0].get_clim()
    assert low == -high < 0
    assert len(figure.axes) == images.MOST_PICTURES + 1  # the colour bar
    assert figure.get_suptitle() == "run: 40 of 50 units with the largest norm"
    ordered = images.weights(matrix, (2, 3), None, "run", "centroids", by_norm=False)
    assert [axes.get_title() for axes in ordered.axes if axes.images][:3] == ["0", "1", "2"]
    templates = images.weights(matrix[:2], (2, 3), ["cat", "dog"], "run")
    assert [axes.get_title() for axes in templates.axes if axes.images] == ["cat", "dog"]
    assert images.weights(np.zeros((2, 6)), (2, 3), None, "run").axes


def test_reconstructions_have_their_errors_below() -> None:
    rows: dict[str, plots.Floats] = {"original": np.zeros((3, 2, 2)), "reconstruction": np.ones((3, 2, 2))}
    figure = plots.reconstructions(rows, [4.0, 0.25, 12.345], "title")
    assert [axes.get_xlabel() for axes in figure.axes[3:]] == ["4", "0.25", "12.3"]


def test_a_grid_fills_its_figure_and_the_plane_has_axes() -> None:
    grid = np.zeros((20, 20, 8, 8))
    for i in range(20):
        grid[i] = i / 20
    axes = plots.tiles(grid, "samples").axes[0]
    box = axes.get_position()
    assert (box.x0, box.width) == (0, pytest.approx(1))
    assert box.y0 == 0
    codes = list(np.linspace(-2, 2, 20))
    figure = plots.tiles(grid, "plane", codes)
    axes = figure.axes[0]
    texts = [axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels(), *figure.texts]
    assert inside(boxes(figure, texts), figure.bbox, slack=0)
    assert overlaps(boxes(figure, texts)) == []
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("code 1", "code 2")
    assert [text.get_text() for text in axes.get_xticklabels()][:: plots.TICKS - 1] == ["−2.00", "2.00"]
    # The first row of images is at the top, and has the largest second value.
    at = dict(zip([text.get_text() for text in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    assert at["2.00"] < at["−2.00"]


@pytest.mark.parametrize("n", [2, 10, 62])
def test_codes_are_named_at_the_median_of_their_class(n: int, recwarn: pytest.WarningsRecorder) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(n), 5)
    codes = rng.normal(size=(5 * n, 2))
    figure = plots.scatter(codes, labels, [f"类{i}" for i in range(n)], "title", "code")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [f"类{i}" for i in range(n)]
    assert axes.texts[1].get_position() == pytest.approx(tuple(np.median(codes[labels == 1], axis=0)))
    assert len(legend(figure)) == n
    assert boxes(figure, axes.texts)
    frame = figure.legends[0].get_window_extent()
    assert frame.y0 >= 0
    assert not frame.overlaps(axes.bbox)
    assert not recwarn.list


def test_few_codes_are_larger_points() -> None:
    few, many = (
        plots.scatter(np.zeros((n, 2)), np.zeros(n, np.int64), ["a"], "title", "code").axes[0].collections[0]
        for n in (100, 5000)
    )
    assert few.get_sizes()[0] > 4 * many.get_sizes()[0]  # type: ignore[attr-defined]
