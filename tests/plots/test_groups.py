"""Figures of groups: lines, bands, points."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fcnet.plots import groups
from fcnet.plots.groups import Band, Dots

BANDS = [Band("a", np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 0.0]), 3), Band("_b", np.ones(2), np.zeros(2), 1)]


def test_bands_are_a_standard_deviation_around_the_mean() -> None:
    axes = groups.epochs(BANDS, "test loss", "nats").axes[0]
    assert_allclose(np.array(axes.lines[0].get_xydata()), [[1, 1], [2, 2], [3, 4]])
    corners = np.array(axes.collections[0].get_paths()[0].vertices).tolist()
    assert all(corner in corners for corner in ([1.0, 0.5], [1.0, 1.5], [2.0, 1.75], [2.0, 2.25]))
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text().strip() for text in legend.get_texts()] == ["a (n = 3)", "_b (n = 1)"]
    assert axes.get_ylabel() == "test loss (nats)"


@pytest.mark.parametrize("n", [1, 10, 11, 40])
def test_groups_are_told_apart(n: int) -> None:
    bands = [Band(f"g{i}", np.arange(3.0) + i, np.zeros(3), 2) for i in range(n)]
    figure = groups.epochs(bands, "test accuracy", "%")
    looks = {(str(line.get_color()), str(line.get_linestyle())) for line in figure.axes[0].lines}
    assert len(looks) == n
    legends = [*figure.legends, figure.axes[0].get_legend()]
    assert sum(len(legend.get_texts()) for legend in legends if legend is not None) == n


def test_every_run_is_a_point_below_which_its_group_is_named() -> None:
    found = groups.dots([Dots("a", [1, 2, 3], 2, (0.5, 3.5)), Dots("b", [5.0], 5, None)], "test accuracy", "%")
    axes = found.axes[0]
    points = [np.array(line.get_xydata()).tolist() for line in axes.lines]
    assert points == [[[1, 0.8], [2, 0.8], [3, 0.8]], [[0.5, 1], [3.5, 1]], [[2, 1]], [[5, -0.2]], [[5, 0]]]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "a"]
