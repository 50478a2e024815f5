"""Image files to grey pixels, against Pillow."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from fcnet import images
from fcnet.errors import DataError

GENERATOR = np.random.default_rng(0)
GREY = GENERATOR.integers(0, 256, (7, 5), dtype=np.uint8)
RGB = GENERATOR.integers(0, 256, (7, 5, 3), dtype=np.uint8)
RGBA = GENERATOR.integers(0, 256, (7, 5, 4), dtype=np.uint8)


def modes() -> dict[str, Image.Image]:
    palette = Image.fromarray(RGB).quantize(8)
    return {
        "L": Image.fromarray(GREY),
        "1": Image.fromarray(GREY).convert("1"),
        "P": palette,
        "RGB": Image.fromarray(RGB),
        "RGBA": Image.fromarray(RGBA),
        "LA": Image.fromarray(RGBA).convert("LA"),
    }


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA"])
def test_modes_are_turned_to_grey_as_pillow_does(tmp_path: Path, mode: str) -> None:
    image = modes()[mode]
    image.save(tmp_path / "x.png")
    pixels, size = images.read(tmp_path / "x.png", (7, 5))
    assert size == (7, 5)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("L")))


def test_rgb_is_luma() -> None:
    """ITU-R 601-2, as Pillow documents: L = R * 299/1000 + G * 587/1000 + B * 114/1000."""
    expected = RGB @ np.array([0.299, 0.587, 0.114])
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG")
    assert np.abs(images._pillow(buffer.getvalue()) - expected).max() <= 0.51


def test_sixteen_bits_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "x.png")
    np.testing.assert_array_equal(images.read(tmp_path / "x.png", (1, 5))[0], [[0, 0, 1, 128, 255]])


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg", "jpeg", "JPG"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(GREY).save(path)
    np.testing.assert_array_equal(images.read(path, (7, 5))[0], np.asarray(Image.open(path)))


def test_a_palette_with_transparency_is_read_without_a_warning(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(4)
    image.save(tmp_path / "x.png", transparency=bytes([0, 128, 255, 255]))
    np.testing.assert_array_equal(images.read(tmp_path / "x.png", (7, 5))[0], np.asarray(image.convert("L")))


def test_resize_is_the_course_s(tmp_path: Path) -> None:
    from torchvision import transforms

    image = Image.fromarray(GENERATOR.integers(0, 256, (50, 31), dtype=np.uint8))
    image.save(tmp_path / "x.png")
    expected = np.asarray(transforms.Resize((28, 28))(image))
    np.testing.assert_array_equal(images.read(tmp_path / "x.png", (28, 28))[0], expected)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_what_is_encoded_is_read_alike_by_the_short_cut_and_by_pillow(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    data = images.encode_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), pixels)
    short = images._plain_png(data)
    assert short is not None
    np.testing.assert_array_equal(short, pixels)


def test_filtered_interlaced_and_odd_pngs_take_pillow_s_way() -> None:
    smooth = np.add.outer(np.arange(40), np.arange(40)).astype(np.uint8)
    for image in (Image.fromarray(smooth), Image.fromarray(RGB), Image.fromarray(GREY).convert("1")):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        assert images._plain_png(buffer.getvalue()) is None


def damaged() -> dict[str, bytes]:
    whole = images.encode_png(GENERATOR.integers(0, 256, (28, 28), dtype=np.uint8))
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, "GIF")
    bomb = bytearray(images.encode_png(np.zeros((1, 1), np.uint8)))
    bomb[16:24] = (20_000).to_bytes(4, "big") * 2  # claims 400 million pixels
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    return {
        "empty": b"",
        "text": b"no image at all",
        "cut in the header": whole[:20],
        "cut in the pixels": whole[: len(whole) // 2],
        "flipped": whole[:300] + bytes([whole[300] ^ 0xFF]) + whole[301:],
        "gif": buffer.getvalue(),
        "bomb": bytes(bomb),
    }


@pytest.mark.parametrize("kind", damaged())
def test_damaged_files_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(damaged()[kind])
    with pytest.raises(DataError) as caught:
        images.read(path, (28, 28))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: cannot be read as an image (")
    assert "replace or remove it" in problem
    assert "\n" not in problem


def test_a_bomb_between_pillow_s_two_limits_is_refused(tmp_path: Path) -> None:
    data = bytearray(images.encode_png(np.zeros((1, 1), np.uint8)))
    data[16:24] = (10_000).to_bytes(4, "big") * 2  # 100 million pixels: Pillow only warns
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    (tmp_path / "x.png").write_bytes(bytes(data))
    with pytest.raises(DataError, match="decompression bomb"):
        images.read(tmp_path / "x.png", (28, 28))


@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_pixels_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, mutate: bool
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG")
    whole = buffer.getvalue()
    path = tmp_path_factory.getbasetemp() / "fuzz.png"
    path.write_bytes(whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :] if mutate else noise)
    try:
        pixels, _ = images.read(path, (4, 4))
    except DataError:
        return
    assert pixels.shape == (4, 4)


# --- deskewed -----------------------------------------------------------------------------------------------------


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
    for digit, found in zip(digits, images.deskewed(digits), strict=True):
        y, x = (np.average(one, weights=digit.ravel()) for one in (np.mgrid[:28, :24][i].ravel() for i in (0, 1)))
        matrix = np.array([[1, 0], [slant(digit), 1]])
        offset = np.array([y, x]) - matrix @ np.array([27 / 2, 23 / 2])
        expected = ndimage.affine_transform(digit.astype(float), matrix, offset, order=1)
        assert np.abs(found - expected).max() < 12


@pytest.mark.parametrize("by", [-0.7, -0.2, 0.0, 0.5])
def test_deskewed_digits_stand_upright_in_the_middle(by: float) -> None:
    digit = np.roll(blob(28, 28, by), 2, 0)
    (found,) = images.deskewed(digit[None])
    assert abs(slant(found)) < 0.01
    assert ndimage.center_of_mass(found) == pytest.approx((13.5, 13.5), abs=0.05)
    np.testing.assert_allclose(images.deskewed(found[None])[0].astype(int), found, atol=3)


def test_deskewing_goes_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = np.stack([blob(28, 28, by) for by in (-0.5, 0.1, 0.4, 0.6, -0.2)])
    whole = images.deskewed(digits)
    monkeypatch.setattr(images, "DESKEWED_AT_ONCE", 2 * 784)
    np.testing.assert_array_equal(images.deskewed(digits), whole)
    assert images.deskewed(digits[:0]).shape == (0, 28, 28)


def test_deskewing_leaves_what_has_no_slant() -> None:
    dark, line = np.zeros((5, 7), np.uint8), np.zeros((5, 7), np.uint8)
    line[2, 1:6] = (9, 200, 255, 200, 9)
    both = np.stack([dark, line])
    np.testing.assert_array_equal(images.deskewed(both), both)
    one = np.full((1, 1, 1), 255, np.uint8)
    np.testing.assert_array_equal(images.deskewed(one), one)


@given(st.integers(1, 9), st.integers(1, 9), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_deskewing_stands_any_pixels(height: int, width: int, random: st.DataObject) -> None:
    pixels = np.array([random.choice((0, 1, 255)) for _ in range(3 * height * width)], np.uint8)
    pixels = pixels.reshape(3, height, width)
    found = images.deskewed(pixels)
    assert found.shape == (3, height, width)
    assert found.dtype == np.uint8
    assert not found[~pixels.any((1, 2))].any()
    # A mirror's slant is the other way round: mirrored digits come out mirrored, up to rounding.
    np.testing.assert_allclose(images.deskewed(pixels[:, ::-1, ::-1])[:, ::-1, ::-1].astype(int), found, atol=1)
