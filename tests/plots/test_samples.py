"""The figure of augmented images: each image in its place."""

import numpy as np

from fcnet.plots import samples


def test_each_row_is_a_class_as_it_is_and_in_each_epoch() -> None:
    plain = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((4, 5), np.uint8)
    changed = np.stack([plain + 10 * epoch for epoch in (1, 2)])
    figure = samples.augmented(plain, changed, ["a", "b", "c"], "title")
    axes = figure.axes[0]
    sheet = axes.images[0].get_array()
    assert sheet is not None
    rows = np.ma.filled(sheet, -1)[::5][:, ::6]  # a gap of one pixel between images
    assert np.nan_to_num(rows, nan=-1).tolist() == [[0, 10, 20], [1, 11, 21], [2, 12, 22]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["as it is", "epoch 1", "epoch 2"]
    assert figure.get_suptitle() == "title"
