"""Image files to grey pixels, against Pillow."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fcnet.data.images import decode, png
from fcnet.errors import DataError

GENERATOR = np.random.default_rng(0)
GREY = GENERATOR.integers(0, 256, (7, 5), dtype=np.uint8)
RGB = GENERATOR.integers(0, 256, (7, 5, 3), dtype=np.uint8)


def modes() -> dict[str, Image.Image]:
    palette = Image.fromarray(RGB).quantize(8)
    return {
        "L": Image.fromarray(GREY),
        "1": Image.fromarray(GREY).convert("1"),
        "P": palette,
        "RGB": Image.fromarray(RGB),
    }


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_modes_are_turned_to_grey_as_pillow_does(tmp_path: Path, mode: str) -> None:
    image = modes()[mode]
    image.save(tmp_path / "x.png")
    found = decode.read(tmp_path / "x.png", (7, 5))
    assert found.size == (7, 5)
    assert found.pixels.dtype == np.uint8
    np.testing.assert_array_equal(found.pixels, np.asarray(image.convert("L")))


def test_rgb_is_luma(tmp_path: Path) -> None:
    """ITU-R 601-2, as Pillow documents: L = R * 299/1000 + G * 587/1000 + B * 114/1000."""
    expected = RGB @ np.array([0.299, 0.587, 0.114])
    Image.fromarray(RGB).save(tmp_path / "x.png")
    assert np.abs(decode.read(tmp_path / "x.png", (7, 5)).pixels - expected).max() <= 0.51


def test_sixteen_bits_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 32768, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "x.png")
    np.testing.assert_array_equal(decode.read(tmp_path / "x.png", (1, 5)).pixels, [[0, 0, 1, 128, 255]])


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg", "jpeg", "JPG"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(GREY).save(path)
    np.testing.assert_array_equal(decode.read(path, (7, 5)).pixels, np.asarray(Image.open(path)))


def test_resize_is_the_course_s(tmp_path: Path) -> None:
    from torchvision import transforms

    image = Image.fromarray(GENERATOR.integers(0, 256, (50, 31), dtype=np.uint8))
    image.save(tmp_path / "x.png")
    expected = np.asarray(transforms.Resize((28, 28))(image))
    np.testing.assert_array_equal(decode.read(tmp_path / "x.png", (28, 28)).pixels, expected)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_what_is_encoded_is_read_alike_by_the_short_cut_and_by_pillow(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    data = png.encode_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), pixels)
    short = png.plain(data, decode.MAX_PIXELS)
    assert short is not None
    np.testing.assert_array_equal(short, pixels)


def test_filtered_interlaced_and_odd_pngs_take_pillow_s_way() -> None:
    smooth = np.add.outer(np.arange(40), np.arange(40)).astype(np.uint8)
    for image in (Image.fromarray(smooth), Image.fromarray(RGB), Image.fromarray(GREY).convert("1")):
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        assert png.plain(buffer.getvalue(), decode.MAX_PIXELS) is None


def damaged() -> dict[str, bytes]:
    whole = png.encode_png(GENERATOR.integers(0, 256, (28, 28), dtype=np.uint8))
    buffer = io.BytesIO()
    Image.fromarray(GREY).resize((16, 16)).save(buffer, "ICO")
    bomb = bytearray(png.encode_png(np.zeros((1, 1), np.uint8)))
    bomb[16:24] = (20_000).to_bytes(4, "big") * 2  # claims 400 million pixels
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    return {
        "empty": b"",
        "text": b"no image at all",
        "cut in the header": whole[:20],
        "cut in the pixels": whole[: len(whole) // 2],
        "flipped": whole[:300] + bytes([whole[300] ^ 0xFF]) + whole[301:],
        "icon": buffer.getvalue(),
        "bomb": bytes(bomb),
    }


@pytest.mark.parametrize("kind", damaged())
def test_damaged_files_are_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(damaged()[kind])
    with pytest.raises(DataError) as caught:
        decode.read(path, (28, 28))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: cannot be read as an image (")
    assert "replace or remove it" in problem
    assert "\n" not in problem


def test_what_is_too_large_is_told_to_be_scaled_down(tmp_path: Path) -> None:
    data = bytearray(png.encode_png(np.zeros((1, 1), np.uint8)))
    data[16:24] = (14_000).to_bytes(4, "big") * 2  # 196 million pixels
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    (tmp_path / "x.png").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"more than 178,956,970 pixels: a decompression bomb\?\); scale it down"):
        decode.read(tmp_path / "x.png", (28, 28))


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
        pixels = decode.read(path, (4, 4)).pixels
    except DataError:
        return
    assert pixels.shape == (4, 4)
