"""Figures of answers: confusion, calibration, scores of outliers."""

import numpy as np
import pytest
from sklearn import metrics

from fcnet.plots import answers
from helpers.drawn import boxes, inside, legend, overlaps

LONG, CHINESE = "a very long name of a class, {}", "类别{}零一二三四五六七八九十"


def texts(axes: object) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in axes.texts}  # type: ignore[attr-defined]


def test_confusion_has_true_rows_counts_and_colours_for_errors_alone() -> None:
    counts = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 5]])
    figure = answers.confusion(counts, ["cat", "dog", "ox"], "title")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel(), figure.get_suptitle()) == ("predicted", "true", "title")
    assert texts(axes) == {(0, 0): "8", (1, 0): "2", (0, 1): "1", (1, 1): "9", (2, 2): "5"}
    neutral, errors = axes.images
    assert np.isnan(np.asarray(neutral.get_array().filled(np.nan))).sum() == 6  # type: ignore[union-attr]
    share: np.ndarray = np.ma.filled(np.ma.asarray(errors.get_array()), np.nan)
    np.testing.assert_allclose(share, [[np.nan, 0.2, np.nan], [0.1, np.nan, np.nan], [np.nan] * 3])
    red, green, blue = np.asarray(errors.to_rgba(np.array([0.1])))[0, :3]
    assert red > 1.2 * green
    assert red > 1.2 * blue


def test_margins_are_precision_and_recall() -> None:
    rng = np.random.default_rng(1)
    true, predicted = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    counts = metrics.confusion_matrix(true, predicted)
    axes = answers.confusion(counts, list("abcd"), "title").axes[0]
    beside, above = axes.child_axes
    recall, precision = (
        score(true, predicted, average=None) for score in (metrics.recall_score, metrics.precision_score)
    )
    assert [text.get_text() for text in beside.texts] == [f"{100 * one:.1f}" for one in recall]
    assert [text.get_text() for text in above.texts] == [f"{100 * one:.1f}" for one in precision]
    assert [bar.get_x() + bar.get_width() for bar in beside.patches] == pytest.approx(list(recall))  # type: ignore[attr-defined]


def test_a_share_reads_100_only_without_errors() -> None:
    counts = np.array([[99_999, 1], [0, 5]])
    beside = answers.confusion(counts, ["a", "b"], "title").axes[0].child_axes[0]
    assert [text.get_text() for text in beside.texts] == ["99.9", "100"]


@pytest.mark.parametrize(
    ("n", "word"),
    [(2, LONG), (10, "{}"), (10, CHINESE), (20, LONG), (62, "{}"), (62, CHINESE)],
)
def test_class_names_do_not_overlap(n: int, word: str, recwarn: pytest.WarningsRecorder) -> None:
    counts = np.random.default_rng(n).integers(0, 9, (n, n))
    figure = answers.confusion(counts, [word.format(i) for i in range(n)], "title")
    axes = figure.axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        found = boxes(figure, labels)
        assert len(found) == n
        assert overlaps(found) == []
        assert inside(found, figure.bbox)
    assert (len(axes.texts) > 0) == (n <= answers.MOST_WRITTEN)
    assert not recwarn.list


def test_classes_without_images_and_answers_without_errors() -> None:
    axes = answers.confusion(np.zeros((3, 3), np.int64), ["a", "b", "c"], "title").axes[0]
    assert [text.get_text() for text in axes.child_axes[0].texts] == ["-"] * 3
    figure = answers.confusion(np.eye(3, dtype=np.int64), ["a", "b", "c"], "title")
    assert len(figure.axes) == 1  # no colour bar, where no cell has a colour


def test_reliability_shows_accuracy_at_the_mean_probability_and_counts() -> None:
    figure = answers.reliability([(0, 0.5), (0.5, 1)], [0, 12_000], [None, (0.9, 0.75)], "run: error 15 %")
    upper, lower = figure.axes
    assert figure.get_suptitle() == "run: error 15 %"
    points = [np.asarray(line.get_xydata()).tolist() for line in upper.lines]
    assert points[:3] == [[[0, 0], [1, 1]], [[0.9, 0.75]], [[0.9, 0.9], [0.9, 0.75]]]
    assert [text.get_text() for text in lower.texts] == ["12000"]
    assert boxes(figure, lower.texts)
    written = [text.get_text() for axes in (upper, lower) for text in axes.get_yticklabels()]
    assert "10000" in written
    assert not any("$" in text for text in written)  # formulas are not drawn as such
    assert (upper.get_xlim(), upper.get_ylim()) == ((0, 1), (0, 1))


@pytest.mark.parametrize("rising", [True, False])
def test_scores_have_a_line_and_say_what_is_cut(rising: bool) -> None:
    rng = np.random.default_rng(0)
    sign = 1 if rising else -1
    normal, outliers = sign * rng.normal(0, 1, 1000), sign * rng.normal(3, 1, 500)
    figure = answers.histogram(normal, outliers, "title", "score", rising)
    (axes,) = figure.axes
    low, high = np.quantile(np.concatenate([normal, outliers]), [answers.TAIL, 1 - answers.TAIL])
    beyond = ((np.concatenate([normal, outliers]) < low) | (np.concatenate([normal, outliers]) > high)).sum()
    assert axes.get_xlabel() == f"score ({beyond} of 1500 lie outside)"
    at = float(np.asarray(axes.lines[0].get_xdata())[0])
    assert (sign * normal <= sign * at).mean() == pytest.approx(0.95)
    missed = 100 * (sign * outliers <= sign * at).mean()
    side = "left" if rising else "right"
    words = f"95 % of the normal images are {side} of this,\n{missed:.1f} % of the outliers too"
    assert legend(figure)[-1] == words
