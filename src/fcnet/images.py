"""One image file to 8-bit grey pixels, and back.

Pillow is the judge of what a file says. Small grey PNGs, which is what digit data sets are made of, take a short cut
with the same pixels: their rows are nothing but deflated bytes, and ``zlib`` gives them back in a third of the time.
(torchvision's C++ decoder takes 0.8 of Pillow's time for such files, but importing torchvision costs as much as
Pillow needs for 25,000 of them.)
"""

import os
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fcnet.errors import DataError

Grey = NDArray[np.uint8]  # (H, W), 0 is black

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
FORMATS = ("PNG", "JPEG", "BMP")

# Pillow's own limit (its MAX_IMAGE_PIXELS): a quarter of a gigabyte of RGB. A digit has 784 pixels.
MAX_PIXELS = 89_478_485

# A file is read whole before it is decoded: larger than any image of MAX_PIXELS (BMP, 4 bytes each) it is none.
MAX_BYTES = 4 * MAX_PIXELS + (1 << 20)

# zlib's effort: a third faster than its default, and a digit is 198 bytes instead of 194.
PNG_LEVEL = 3

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_8_BIT = b"\x08\x00\x00\x00\x00"  # depth 8, colour type 0, deflate, standard filters, not interlaced

# What Pillow raises for files that are damaged or made to harm, besides OSError (which covers "cannot identify").
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    AttributeError,
    EOFError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


LIGHT = 0.5  # brightness in [0, 1] above which a background is called light: half way

DESKEWED_AT_ONCE = 1 << 20  # pixels, each of which takes some 70 bytes while it is done

# Light spread over fewer rows than this (their variance) has no slant but rounding errors: it lies in one row.
LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Form:
    """What image files are brought to.

    Attributes:
        size: height and width in pixels.
        deskew: whether they are sheared upright.
    """

    size: tuple[int, int]
    deskew: bool = False

    def __str__(self) -> str:
        height, width = self.size
        return f"{height}x{width}" + ("-deskewed" if self.deskew else "")


class UnreadError(DataError):
    """A file that cannot be read: the fault of the disk, the network or permissions, and not of the image."""


def read(path: Path, size: tuple[int, int]) -> tuple[Grey, tuple[int, int]]:
    """Read one image file as grey pixels of a given size.

    Args:
        path: a PNG, JPEG or BMP file.
        size: height and width wanted, in pixels.

    Returns:
        Pixels (H, W), and the file's own height and width.

    Raises:
        DataError: naming the file, where it cannot be decoded; UnreadError where it cannot even be read.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            data = file.read() if length <= MAX_BYTES else b""
    except (OSError, ValueError) as error:
        raise UnreadError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); mend that") from None
    try:
        if not data:
            raise ValueError(f"the file has {length} bytes, more than {MAX_BYTES}" if length else "the file is empty")
        pixels = _plain_png(data)
        if pixels is None:
            pixels = _pillow(data)
    except _DAMAGE as error:
        # Pillow's sentences name the buffer that it read from, which tells a reader nothing.
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = "not a PNG, JPEG or BMP image"
        raise DataError(f"{path}: cannot be read as an image ({reason[:200]}); replace or remove it") from None
    return resize(pixels, size), (pixels.shape[0], pixels.shape[1])


def resize(pixels: Grey, size: tuple[int, int]) -> Grey:
    """Pixels (H, W) of a given size: Pillow's bilinear filter, what torchvision's ``Resize`` does to an image."""
    if pixels.shape == size:
        return pixels
    height, width = size
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def deskewed(pixels: Grey) -> Grey:
    """Images (N, H, W) of light digits on black, sheared so that their main axes stand upright, and put in the middle.

    Rows are moved sideways by their height above the centre of mass times the slant, which is the covariance of columns
    and rows over the variance of rows, with the pixels as weights (LeCun et al. 1998, section III.A); then the centre
    of mass is moved to the middle. Between two pixels linear, beyond the edge black. Light in one row has no slant.
    """
    some = max(DESKEWED_AT_ONCE // max(pixels[0].size, 1), 1) if len(pixels) else 1
    parts = [_upright(pixels[first : first + some]) for first in range(0, len(pixels), some)]
    return np.concatenate([pixels[:0], *parts])


def _upright(pixels: Grey) -> Grey:
    _, height, width = pixels.shape
    y, x = np.arange(height, dtype=np.float64), np.arange(width, dtype=np.float64)
    light = pixels.astype(np.float64)
    mass = np.maximum(light.sum((1, 2)), 1)[:, None]
    rows, columns = light.sum(2), light.sum(1)
    lit = rows.sum(1) > 0
    middle = rows @ y[:, None] / mass, columns @ x[:, None] / mass  # (N, 1) each
    above, aside = y - middle[0], x - middle[1]  # (N, H), (N, W)
    spread, least = (rows * above**2).sum(1), LEAST_SPREAD * mass[:, 0]
    slant = np.einsum("nyx,ny,nx->n", light, above, aside) / np.maximum(spread, least)
    slant[spread <= least] = 0
    down, right = (
        np.where(lit[:, None], centre - (side - 1) / 2, 0.0)
        for centre, side in zip(middle, (height, width), strict=True)
    )
    moved = _between(light, (y + down)[:, :, None], 1)
    from_middle = y - (height - 1) / 2
    moved = _between(moved, x + (slant[:, None] * from_middle + right)[:, :, None], 2)
    found: Grey = moved.round().astype(np.uint8)
    return found


def _between(images: NDArray[np.float64], at: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Pixels of images (N, H, W) at places between those of an axis, (N, H, 1) or (N, H, W); 0 beyond the edge."""
    before = np.floor(at).astype(np.int64)
    last, share = images.shape[axis] - 1, at - before

    def taken(which: NDArray[np.int64]) -> NDArray[np.float64]:
        within = (which >= 0) & (which <= last)
        return np.where(within, np.take_along_axis(images, which.clip(0, last), axis), 0.0)

    return (1 - share) * taken(before) + share * taken(before + 1)


def edges(pixels: Grey) -> tuple[int, int]:
    """Sum and number of the outermost pixels of images (N, H, W): their background."""
    found = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
    return sum(int(edge.sum()) for edge in found), sum(edge.size for edge in found)


def encode_png(pixels: Grey) -> bytes:
    """An 8-bit grey PNG of pixels (H, W), each row stored without a filter."""
    height, width = pixels.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # each row begins with the number of its filter, 0 for none
    rows[:, 1:] = pixels
    header = struct.pack(">II", width, height) + _GREY_8_BIT
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), PNG_LEVEL)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _plain_png(data: bytes) -> Grey | None:
    """Pixels of an 8-bit grey PNG without row filters; None for any other file, sound or not."""
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or data[24:29] != _GREY_8_BIT:
        return None
    width, height = struct.unpack(">II", data[16:24])
    if not 0 < width * height <= MAX_PIXELS:
        return None
    parts: list[bytes] = []
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            return None
        if kind == b"IDAT":
            parts.append(data[at + 8 : end])
        elif kind == b"IEND":
            return _unpack_rows(b"".join(parts), height, width)
        at = end + 4
    return None


def _unpack_rows(body: bytes, height: int, width: int) -> Grey | None:
    """Inflate unfiltered rows to (H, W); None where a row has a filter or the bytes do not come out even."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(body, height * (1 + width) + 1)
    except zlib.error:
        return None
    if len(raw) != height * (1 + width) or not inflate.eof:
        return None
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + width)
    return None if rows[:, 0].any() else rows[:, 1:]


def _pillow(data: bytes) -> Grey:
    """Pixels (H, W) of any PNG, JPEG or BMP, turned into 8-bit grey."""
    # Pillow warns of what is decided here: size (below), and palettes with transparency (which grey has no use for).
    with warnings.catch_warnings(action="ignore"), Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width} x {height} pixels, more than {MAX_PIXELS}: a decompression bomb?")
        if image.mode == "I" or image.mode.startswith("I;16"):
            # Pillow's own conversion clips at 255, which whitens nearly all of such an image: take the high byte.
            return (np.asarray(image) >> 8).astype(np.uint8)
        return np.asarray(image.convert("L"))
