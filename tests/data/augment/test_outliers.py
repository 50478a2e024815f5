"""Outliers: images without a digit, in the training images' style, with labels at random."""

import numpy as np
import pytest
import torch

from fcnet.config.data import Augment
from fcnet.data.augment.augmented import Augmented
from fcnet.data.augment.replaced import glyphs
from fcnet.data.augment.replaced.hands import style_of
from fcnet.data.photos import style
from fcnet.errors import ConfigError
from helpers.digits import strokes

IMAGES = torch.from_numpy(np.stack([strokes(i) for i in range(400)]))
LABELS = torch.arange(400) % 10


def made(epoch: int = 1, share: float = 0.3, images: torch.Tensor = IMAGES, block: int | None = None) -> Augmented:
    found = Augmented(images, LABELS, Augment(outliers=share), 7, block)
    found.of_epoch(epoch)
    return found


def test_a_share_of_the_images_is_replaced_and_the_others_keep_pixels_and_labels() -> None:
    found = made()
    replaced = (found.images != IMAGES).flatten(1).any(1)
    assert 0.2 < float(replaced.double().mean()) < 0.4
    assert torch.equal(found.labels[~replaced], LABELS[~replaced])
    # Labels at random: each of the ten is right in a tenth of the cases.
    assert float((found.labels[replaced] == LABELS[replaced]).double().mean()) < 0.3
    assert set(found.labels[replaced].tolist()) == set(range(10))


def test_outliers_depend_on_the_epoch_and_not_on_the_size_of_blocks() -> None:
    assert torch.equal(made(3).images, made(3, block=28 * 28 * 7).images)
    assert torch.equal(made(3).labels, made(3, block=28 * 28 * 7).labels)
    assert not torch.equal(made(3).images, made(4).images)


def test_the_labels_of_an_epoch_stay_in_the_same_memory() -> None:
    found = made(1)
    where = found.labels.data_ptr()
    found.of_epoch(2)
    assert found.labels.data_ptr() == where
    assert torch.equal(found.labels, made(2).labels)


def test_characters_are_drawn_in_the_style_of_dark_digits_too() -> None:
    light, dark = style_of(IMAGES, "outliers"), style_of(255 - IMAGES, "outliers")
    ink = glyphs.drawn(light)
    np.testing.assert_array_equal(ink, glyphs.drawn(dark))
    found = style.measures(ink, 0.0, 255.0)
    assert len(ink) > 500
    assert np.median(found["box"]) == light.box
    assert np.abs(found["mass_row"] - light.middle[0]).max() < 4  # some are cut at the edge of the image


def test_dark_images_stay_dark_on_light() -> None:
    found = made(images=255 - IMAGES)
    assert int(found.images[:, 0].min()) > 200


def test_images_without_strokes_on_a_plain_ground_are_refused() -> None:
    noise = torch.randint(0, 256, IMAGES.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ConfigError, match=r"data.augment.outliers: draws signs"):
        made(images=noise)
