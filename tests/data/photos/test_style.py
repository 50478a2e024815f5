"""How training images show their digits: measured, kept as JSON, and told from photos."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

from fcnet.data.photos import reading, style
from fcnet.data.photos.style import Style
from helpers.digits import strokes

IMAGES = np.stack([strokes(i) for i in range(120)])


def measured(images: np.ndarray) -> Style:
    found = style.measured(images)
    assert found is not None
    return found


def test_mnist_s_form_is_measured_from_images_of_it() -> None:
    found = measured(IMAGES)
    assert (found.size, found.box, found.by_mass) == ((28, 28), 20, True)
    assert (found.ground, found.ink) == (0, 255)
    assert np.abs(np.array(found.middle) - 14).max() < 0.1


def test_dark_digits_on_light_paper_and_other_places_are_measured() -> None:
    found = measured(220 - IMAGES // 255 * 200)
    assert (found.ground, found.ink) == (220, 20)
    moved = measured(np.roll(IMAGES, (1, -2), (1, 2)))
    assert np.abs(np.array(moved.middle) - (15, 12)).max() < 0.1


def test_measures_are_scipy_s_and_those_of_a_known_stroke() -> None:
    found = style.measures(IMAGES, 0.0, 255.0)
    for i in (0, 7, 33):
        row, column = ndimage.center_of_mass(IMAGES[i].astype(float))
        assert found["mass_row"][i] == pytest.approx(row, abs=1e-3)
        assert found["mass_column"][i] == pytest.approx(column, abs=1e-3)
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:24, 12:15] = 255
    measures = style.measures(bar, 0.0, 255.0)
    assert measures["box"][0] == 20
    assert measures["width"][0] == pytest.approx(3, rel=0.15)  # twice the area over the outline: 2 * 60 / 46


@pytest.mark.parametrize("images", [IMAGES, 255 - IMAGES, np.rint(load_digits().images * 15.9375).astype(np.uint8)])
def test_images_fit_the_style_of_their_set(images: np.ndarray) -> None:
    found = measured(images[::2])
    assert all(found.fits(image) for image in images)


def test_what_is_made_otherwise_does_not_fit() -> None:
    found = measured(IMAGES)
    image = IMAGES[3]
    assert not found.fits(255 - image)
    assert not found.fits(np.roll(image, 4, 1))
    assert not found.fits(image // 4)
    assert not found.fits(np.kron(image[7:21, 7:21], np.ones((2, 2), np.uint8)))
    assert not found.fits(np.zeros((28, 28), np.uint8))


def test_a_style_survives_json() -> None:
    found = measured(IMAGES)
    assert Style.of(json.loads(json.dumps(found.plain()))) == found


@pytest.mark.parametrize("damage", [{}, {"size": [28]}, {"bounds": {"edge": 3}}, {"middle": None}])
def test_a_damaged_style_is_refused(damage: dict[str, object]) -> None:
    values = measured(IMAGES).plain() | damage if damage else {}
    with pytest.raises((TypeError, KeyError, ValueError, AttributeError)):
        Style.of(values)


def test_images_without_strokes_on_a_plain_ground_have_no_style() -> None:
    generator = np.random.default_rng(0)
    assert style.measured(generator.integers(0, 256, (50, 28, 28), dtype=np.uint8)) is None
    assert style.measured(np.zeros((5, 28, 28), np.uint8)) is None
    clothes = np.zeros((50, 28, 28), np.uint8)
    clothes[:, 2:26, 4:24] = 180
    assert style.measured(clothes) is None


def test_signs_of_several_parts_are_told_from_single_ones() -> None:
    assert measured(IMAGES).single
    bars = np.zeros((20, 28, 28), np.uint8)
    bars[:, 4:24, 8:11] = bars[:, 4:24, 17:20] = 255  # side by side
    assert not measured(bars).single
    assert not measured(bars.transpose(0, 2, 1)).single
    mixed = np.concatenate([IMAGES, bars[:5]])
    assert not measured(mixed).single
    assert not measured(255 - mixed).single
    dots = np.concatenate([IMAGES, bars])
    dots[len(IMAGES) :, 9:24, 17:20] = 0  # what is left is small, as the dot of an i
    assert measured(dots).single
    assert measured(np.concatenate([IMAGES] * 4 + [bars[:2]])).single  # a broken stroke now and then


def test_a_style_that_does_not_record_it_is_of_single_signs() -> None:
    values = measured(IMAGES).plain()
    del values["single"]
    assert Style.of(values).single


def test_sets_that_nobody_prepared_are_told_from_others() -> None:
    assert style.unprepared(IMAGES) == []
    assert style.unprepared(255 - IMAGES) == []
    moved = np.stack([np.roll(image, (i % 9 - 4, i % 7 - 3), (0, 1)) for i, image in enumerate(IMAGES)])
    assert style.unprepared(moved) == ["off centre"]
    assert style.unprepared(moved[:, ::4, ::4]) == []  # too small to tell
    light = np.linspace(0.65, 1, len(IMAGES))[:, None, None]
    assert style.unprepared(((255 - IMAGES * 0.8) * light).astype(np.uint8)) == ["on paper of uneven brightness"]


def official(part: str) -> np.ndarray:
    folder = os.environ.get("FCNET_MNIST")
    if folder is None:
        pytest.skip("FCNET_MNIST is not set; it names the folder of the four official MNIST files")
    return np.frombuffer(gzip.open(Path(folder) / f"{part}-images-idx3-ubyte.gz").read(), np.uint8)[16:].reshape(
        -1, 28, 28
    )


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_all_of_mnist_fits_mnist_s_style(part: str) -> None:
    images = official(part)
    for kind in (reading.mnist((28, 28)), measured(official("train")[::15])):
        found = style.measures(images, kind.ground, kind.ink)
        fits = [(low <= found[name]) & (found[name] <= high) for name, (low, high) in kind.bounds.items()]
        assert np.logical_and.reduce(fits).all()
