"""Digits sheared upright, against SciPy."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from fcnet.data.images.deskew import deskewed


def slant(image: np.ndarray) -> float:
    """Covariance of columns and rows over the variance of rows, pixels as weights."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    light = image.astype(float).ravel()
    covariance = np.cov(x.ravel(), y.ravel(), aweights=light, bias=True)
    return covariance[0, 1] / covariance[1, 1]


def blob(height: int, width: int, by: float) -> np.ndarray:
    """A bar that leans by so many columns per row, in the middle of an image."""
    y, x = np.mgrid[:height, :width]
    aside = x - (width - 1) / 2 - by * (y - (height - 1) / 2)
    near = np.abs(y - (height - 1) / 2) < 8
    return np.where(near, 255 * np.exp(-(aside**2) / 4), 0).round().astype(np.uint8)


def test_deskewing_is_scipys_affine_transform() -> None:
    """Up to the rounding of two interpolations in place of one."""
    digits = np.stack([np.roll(blob(28, 24, by), 2, axis) for by in (-0.6, 0.0, 0.35) for axis in (0, 1)])
    for digit, found in zip(digits, deskewed(digits), strict=True):
        y, x = (np.average(one, weights=digit.ravel()) for one in (np.mgrid[:28, :24][i].ravel() for i in (0, 1)))
        matrix = np.array([[1, 0], [slant(digit), 1]])
        offset = np.array([y, x]) - matrix @ np.array([27 / 2, 23 / 2])
        expected = ndimage.affine_transform(digit.astype(float), matrix, offset, order=1)
        assert np.abs(found - expected).max() < 12


@pytest.mark.parametrize("by", [-0.7, -0.2, 0.0, 0.5])
def test_deskewed_digits_stand_upright_in_the_middle(by: float) -> None:
    digit = np.roll(blob(28, 28, by), 2, 0)
    (found,) = deskewed(digit[None])
    assert abs(slant(found)) < 0.01
    assert ndimage.center_of_mass(found) == pytest.approx((13.5, 13.5), abs=0.05)
    np.testing.assert_allclose(deskewed(found[None])[0].astype(int), found, atol=3)


def test_deskewing_goes_some_at_a_time() -> None:
    digits = np.stack([blob(28, 28, by) for by in (-0.5, 0.1, 0.4, 0.6, -0.2)])
    whole = deskewed(digits)
    np.testing.assert_array_equal(deskewed(digits, 2 * 784), whole)
    assert deskewed(digits[:0]).shape == (0, 28, 28)


def test_deskewing_leaves_what_has_no_slant() -> None:
    dark, line = np.zeros((5, 7), np.uint8), np.zeros((5, 7), np.uint8)
    line[2, 1:6] = (9, 200, 255, 200, 9)
    both = np.stack([dark, line])
    np.testing.assert_array_equal(deskewed(both), both)
    one = np.full((1, 1, 1), 255, np.uint8)
    np.testing.assert_array_equal(deskewed(one), one)


@given(st.integers(1, 9), st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_deskewing_stands_any_pixels(height: int, width: int, random: Random) -> None:
    pixels = np.array([random.choice((0, 1, 255)) for _ in range(3 * height * width)], np.uint8)
    pixels = pixels.reshape(3, height, width)
    found = deskewed(pixels)
    assert found.shape == (3, height, width)
    assert found.dtype == np.uint8
    assert not found[~pixels.any((1, 2))].any()
    # A mirror's slant is the other way round: mirrored digits come out mirrored, up to rounding.
    np.testing.assert_allclose(deskewed(pixels[:, ::-1, ::-1])[:, ::-1, ::-1].astype(int), found, atol=1)
