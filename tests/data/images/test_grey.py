"""Modes, depths, transparency and orientation of image files, against plain numpy."""

import io
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, features

from fcnet.data.images import decode, png
from fcnet.data.images.decode import Picture
from fcnet.errors import DataError
from helpers.formats import colours_of_16_bits

GENERATOR = np.random.default_rng(3)
HEIGHT, WIDTH = 7, 5

# How pixels (H, W) that stand upright are stored under each orientation, written out.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[:, ::-1],
}


def read(data: bytes, path: Path, white: int = 65535, size: tuple[int, int] = (HEIGHT, WIDTH), **more: Any) -> Picture:
    path.write_bytes(data)
    return decode.read(path, size, white, **more)


def saved(image: Image.Image, form: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.rint(rgb.astype(float) @ [0.299, 0.587, 0.114])


def expected(grey: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Laid over white where what can be seen is dark, over black where it is light."""
    if alpha is None or (alpha == 255).all():
        return grey
    seen = alpha / 255
    ground = 255 if seen.sum() and (grey * seen).sum() / seen.sum() < 127.5 else 0
    return grey * seen + ground * (1 - seen)


def drawn(mode: str, ink: str, alpha: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The pixels of a picture, what they are in grey, and its alpha."""
    low, high = {"dark": (0, 100), "light": (150, 256), "any": (0, 256)}[ink]
    values = GENERATOR.integers(low, high, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    cover = {
        "opaque": np.full((HEIGHT, WIDTH), 255),
        "clear": np.zeros((HEIGHT, WIDTH)),
        "some": GENERATOR.choice([0, 0, 90, 200, 255], (HEIGHT, WIDTH)),
    }[alpha].astype(np.uint8)
    if mode in ("L", "LA"):
        grey = values[..., 0]
        return (np.dstack([grey, cover]) if mode == "LA" else grey), grey, (cover if mode == "LA" else None)
    return (
        (np.dstack([values, cover]) if mode == "RGBA" else values),
        luma(values),
        (cover if mode == "RGBA" else None),
    )


CASES = [
    (form, mode, orientation, ink, alpha)
    for form, modes in {
        "PNG": ("L", "LA", "RGB", "RGBA"),
        "TIFF": ("L", "LA", "RGB", "RGBA"),
        "WEBP": ("RGB", "RGBA"),
        "JPEG": ("L",),
    }.items()
    for mode, orientation, ink, alpha in product(
        modes, (1, 3, 6) if form == "WEBP" else range(1, 9), ("dark", "light", "any"), ("opaque", "some", "clear")
    )
    if mode.endswith("A") or alpha == "opaque"
]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_files_are_read_as_they_are_seen(tmp_path: Path, form: str) -> None:
    for _, mode, orientation, ink, alpha in (case for case in CASES if case[0] == form):
        pixels, grey, cover = drawn(mode, ink, alpha)
        image = Image.fromarray(np.ascontiguousarray(STORED[orientation](pixels)))
        options: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True, "exact": True}, "JPEG": {"quality": 100}}
        more = options.get(form, {})
        found = read(saved(image, form, exif=exif(orientation), **more), tmp_path / "x.png")
        assert found.size == (HEIGHT, WIDTH)
        off = np.abs(found.pixels - expected(grey.astype(float), cover))
        assert off.max() <= (6 if form == "JPEG" else 1.01), (mode, orientation, ink, alpha)


def test_opaque_images_keep_pillow_s_luma(tmp_path: Path) -> None:
    rgba = GENERATOR.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    for image in (Image.fromarray(rgba), Image.fromarray(rgba).convert("LA")):
        found = read(saved(image, "PNG"), tmp_path / "x.png")
        np.testing.assert_array_equal(found.pixels, np.asarray(image.convert("L")))


def strokes() -> np.ndarray:
    """Where a pen went, (H, W)."""
    found = np.zeros((HEIGHT, WIDTH), bool)
    found[1:6, 2] = True
    return found


@pytest.mark.parametrize("ink", [0, 255])
def test_strokes_of_one_colour_are_seen(tmp_path: Path, ink: int) -> None:
    """Of every way to say what is clear: black strokes on nothing are no black image."""
    pen = strokes()
    grey = np.where(pen, ink, 77).astype(np.uint8)
    clear = Image.fromarray(grey)
    palette = Image.fromarray(np.where(pen, 1, 0).astype(np.uint8)).convert("P")
    palette.putpalette([77, 77, 77, ink, ink, ink])
    files = {
        "LA": saved(Image.fromarray(np.dstack([grey, pen * 255]).astype(np.uint8)), "PNG"),
        "L with a clear value": saved(clear, "PNG", transparency=77),
        "RGB with a clear colour": saved(clear.convert("RGB"), "PNG", transparency=(77, 77, 77)),
        "a palette with one clear entry": saved(palette, "PNG", transparency=0),
        "a palette with an alpha for each": saved(palette, "PNG", transparency=bytes([0, 254])),
        "GIF": saved(palette, "GIF", transparency=0),
    }
    for name, data in files.items():
        found = read(data, tmp_path / "x.png").pixels
        np.testing.assert_allclose(found, np.where(pen, ink, 255 - ink), atol=1, err_msg=name)


def grey_png(values: np.ndarray, depth: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey PNG of any depth, written byte by byte."""
    height, width = values.shape
    bits = (values[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", body), (b"IEND", b""))
    return png.SIGNATURE + b"".join(png.chunk(kind, inside) for kind, inside in parts)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_clear_value_of_any_depth(tmp_path: Path, depth: int) -> None:
    """It is written in the file's own values: 1 of 2 bits is 85 of 8."""
    most = (1 << depth) - 1
    values = np.where(strokes(), 0, 1)
    found = read(grey_png(values, depth, (b"tRNS", struct.pack(">H", 1))), tmp_path / "x.png")
    np.testing.assert_array_equal(found.pixels, np.where(strokes(), 0, 255))
    values = np.where(strokes(), most, 0)
    found = read(grey_png(values, depth, (b"tRNS", struct.pack(">H", 0))), tmp_path / "x.png")
    np.testing.assert_array_equal(found.pixels, np.where(strokes(), 255, 0))


def test_an_exif_chunk_is_heeded_in_the_plainest_png(tmp_path: Path) -> None:
    pixels = GENERATOR.integers(0, 256, (WIDTH, HEIGHT), dtype=np.uint8)
    data = png.encode_png(pixels)
    chunk = png.chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0"))
    for place in (33, len(data) - 12):  # before the pixels, and behind them
        found = read(data[:place] + chunk + data[place:], tmp_path / "x.png")
        np.testing.assert_array_equal(found.pixels, np.rot90(pixels, -1))
        assert found.size == (HEIGHT, WIDTH)


def test_damaged_exif_spoils_no_pixels(tmp_path: Path) -> None:
    pixels = GENERATOR.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    data = png.encode_png(pixels)
    for noise in (b"", b"II", b"MM\0*\xff\xff\xff\xff", GENERATOR.bytes(40)):
        found = read(data[:33] + png.chunk(b"eXIf", noise) + data[33:], tmp_path / "x.png")
        np.testing.assert_array_equal(found.pixels, pixels)


# --- depth --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_by_what_is_white(tmp_path: Path, form: str) -> None:
    values = np.array([[0, 1, 255, 256, 1000, 1023]], np.uint16)
    data = saved(Image.fromarray(values), form)
    for white in (65535, 4095, 1023, 1200):
        found = read(data, tmp_path / "x.png", white, (1, 6))
        np.testing.assert_array_equal(found.pixels, values.astype(int) * 256 // (white + 1))
        assert found.depth is not None
        assert found.depth.peak == 1023
        assert found.depth.white == 1023
    with pytest.raises(DataError, match=r"has the value 1023, above data\.white, 511"):
        read(data, tmp_path / "x.png", 511, (1, 6))


def tiff(values: np.ndarray, photometric: int) -> bytes:
    """A TIFF of 16 bits, written byte by byte."""
    height, width = values.shape
    entries = [(256, width), (257, height), (258, 16), (259, 1), (262, photometric), (273, 8), (277, 1), (278, height)]
    entries.append((279, values.nbytes))
    body = values.astype("<u2").tobytes()
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + table + bytes(4)


def test_white_is_zero_of_16_bits(tmp_path: Path) -> None:
    values = np.array([[0, 300, 65535]], np.uint16)
    for photometric, grey in ((1, [0, 1, 255]), (0, [255, 254, 0])):
        found = read(tiff(values, photometric), tmp_path / "x.tif", size=(1, 3))
        assert found.pixels.tolist() == [grey]


def test_numbers_without_a_white_are_refused(tmp_path: Path) -> None:
    for values, what in ((np.ones((2, 2), np.float32), "floating-point"), (np.ones((2, 2), np.int32), "32-bit")):
        with pytest.raises(DataError, match=rf"{what}.*save it with 8 or 16 bits"):
            read(saved(Image.fromarray(values), "TIFF"), tmp_path / "x.tif")


def test_sixteen_bit_colours_are_told_from_eight(tmp_path: Path) -> None:
    values = GENERATOR.integers(0, 65536, (HEIGHT, WIDTH, 3))
    found = read(colours_of_16_bits(values), tmp_path / "x.png")
    assert np.abs(found.pixels - luma(values >> 8)).max() <= 1
    assert found.depth is not None
    assert (found.depth.coloured, found.depth.peak >> 8) == (1, values.max() >> 8)
    with pytest.raises(DataError, match="has 16-bit colours, which cannot be scaled"):
        read(colours_of_16_bits(values), tmp_path / "x.png", 4095)


# --- formats ------------------------------------------------------------------------------------------------------


def test_cmyk_of_adobe_s_inverted_values(tmp_path: Path) -> None:
    rgb = Image.new("RGB", (WIDTH, HEIGHT), (200, 40, 90))
    found = read(saved(rgb.convert("CMYK"), "JPEG", quality=100), tmp_path / "x.jpg")
    assert np.abs(found.pixels - luma(np.array([200, 40, 90]))).max() <= 3


def test_the_first_of_several_pictures_is_read_and_they_are_counted(tmp_path: Path) -> None:
    first = GENERATOR.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    others = [Image.fromarray(255 - first), Image.new("L", (WIDTH, HEIGHT), 9)]
    for form, more in (("GIF", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        data = saved(Image.fromarray(first), form, save_all=True, append_images=others, **more)
        found = read(data, tmp_path / "x.png")
        np.testing.assert_array_equal(found.pixels, first, err_msg=form)
        assert found.frames == 3
        assert read(saved(Image.fromarray(first), form, **more), tmp_path / "x.png").frames == 1


def test_bitmaps_with_an_empty_fourth_byte_are_opaque(tmp_path: Path) -> None:
    rgba = GENERATOR.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    rgba[..., 3] = 0
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    size = HEIGHT * WIDTH * 4
    header = struct.pack("<IiiHHIIiiII", 108, WIDTH, HEIGHT, 1, 32, 3, size, 0, 0, 0, 0) + masks
    body = np.ascontiguousarray(rgba[::-1][..., [2, 1, 0, 3]]).tobytes()
    data = b"BM" + struct.pack("<IHHI", 14 + len(header) + size, 0, 0, 14 + len(header)) + header + body
    found = read(data, tmp_path / "x.bmp")
    assert np.abs(found.pixels - luma(rgba[..., :3])).max() <= 1


def test_text_and_profiles_of_any_size_are_passed_over(tmp_path: Path) -> None:
    pixels = GENERATOR.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    for name in ("XML:com.adobe.xmp", "Comment"):
        for packed in (False, True):
            text = PngImagePlugin.PngInfo()
            text.add_itxt(name, "x" * 3_000_000, zip=packed)
            text.add_text("Software", "y" * 2_000_000, zip=packed)
            data = saved(Image.fromarray(pixels).convert("RGB"), "PNG", pnginfo=text, icc_profile=bytes(2_000_000))
            np.testing.assert_array_equal(read(data, tmp_path / "x.png").pixels, pixels)


def test_an_orientation_in_a_text_is_heeded(tmp_path: Path) -> None:
    pixels = GENERATOR.integers(0, 256, (WIDTH, HEIGHT), dtype=np.uint8)
    for packed in (False, True):
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>', zip=packed)
        found = read(saved(Image.fromarray(pixels), "PNG", pnginfo=text), tmp_path / "x.png")
        np.testing.assert_array_equal(found.pixels, np.rot90(pixels, -1))


@pytest.mark.parametrize("turned", [False, True])
def test_large_photos_are_read(tmp_path: Path, turned: bool) -> None:
    """Large JPEGs at a part of their size; what is told is the whole one, as it is seen."""
    smooth = np.add.outer(np.linspace(0, 200, 800), np.linspace(0, 55, 640)).astype(np.uint8)
    data = saved(Image.fromarray(smooth), "JPEG", quality=95, exif=exif(6 if turned else 1))
    found = read(data, tmp_path / "x.jpg", size=(20, 20), large=1000)
    assert found.size == ((640, 800) if turned else (800, 640))
    whole = Image.fromarray(np.rot90(smooth, -1) if turned else smooth)
    small = np.asarray(whole.resize((20, 20), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(found.pixels - small).max() <= 4


def test_without_webp_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (WIDTH, HEIGHT)), "WEBP")
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(DataError, match="this Pillow was built without WebP"):
        read(data, tmp_path / "x.webp", formats=("PNG",))
