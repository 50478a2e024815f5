"""Decode one image file to 8-bit grey pixels of a given size.

Pillow defines what a file contains. Small grey PNGs, of which digit data sets consist, take a shortcut to the same
pixels (``png``).
"""

import contextlib
import os
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, features

from fcnet.data.images import png
from fcnet.data.images.grey import FULL, Depth, grey, sample_bits, upright
from fcnet.errors import DataError

Grey = NDArray[np.uint8]  # (H, W), 0 is black

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif"),
    *(".pgm", ".pbm", ".ppm", ".pnm"),
)
FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")  # Pillow's names; others are not tried

# Formats of which a file may hold several pictures. (A phone's JPEG may too: previews of the first.)
_OF_FRAMES = ("PNG", "TIFF", "WEBP", "GIF")

# Twice Pillow's MAX_IMAGE_PIXELS, above which it suspects a bomb: the largest photos of phones have 200 million.
MAX_PIXELS = 178_956_970

# Larger JPEGs are decoded at a half, a quarter or an eighth of their size, if that is large enough.
LARGE = 89_478_485

# A file is read as a whole before it is decoded, and takes no more memory than this.
MAX_BYTES = 2 * MAX_PIXELS + (1 << 20)

# What Pillow raises for damaged or malicious files, besides OSError (which covers "cannot identify").
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

_DRAFT = 4  # times the requested size: what a larger JPEG is decoded at

LIGHT = 0.5  # brightness in [0, 1] above which a background is light


@dataclass(frozen=True)
class Picture:
    """One image file, read.

    Attributes:
        pixels: (H, W), of the requested size.
        size: the file's own height and width, as displayed.
        frames: how many pictures the file has, of which this is the first.
        depth: what its values are, if they have 16 bits.
    """

    pixels: Grey
    size: tuple[int, int]
    frames: int = 1
    depth: Depth | None = None


class UnreadError(DataError):
    """A file that cannot be read: the fault of the disk, the network or permissions, not of the image."""


def read(
    path: Path,
    size: tuple[int, int],
    white: int = FULL,
    large: int = LARGE,
    formats: Sequence[str] = FORMATS,
) -> Picture:
    """Read one image file as grey pixels of a given size.

    Args:
        path: a file of one of the formats above, whatever its suffix.
        size: requested height and width, in pixels.
        white: the value of white in 16-bit images.
        large: pixels above which a JPEG is decoded at a part of its size.
        formats: Pillow's names of those that are tried.

    Raises:
        DataError: naming the file, if it cannot be decoded; UnreadError if it cannot even be read.
    """
    data = file_bytes(path)
    with reported(path, data):
        pixels = png.plain(data, MAX_PIXELS)
        if pixels is not None:
            return Picture(resize(pixels, size), (pixels.shape[0], pixels.shape[1]))
        with opened(data, max(size) * _DRAFT, large, formats) as found:
            grey_pixels, held = grey(found.image, found.depth, white)
        return Picture(resize(grey_pixels, size), found.size, found.frames, held)


def file_bytes(path: Path) -> bytes:
    """Return a file's bytes; none if it is too large. Raises UnreadError if it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            return file.read() if length <= MAX_BYTES else b""
    except (OSError, ValueError) as error:
        raise UnreadError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); fix that and try again"
        ) from None


@contextlib.contextmanager
def reported(path: Path, data: bytes) -> Iterator[None]:
    """Raise DataError, naming the file, for whatever decoding raises."""
    try:
        if not data:
            length = os.stat(path).st_size
            raise ValueError(f"the file has {length} bytes, more than {MAX_BYTES}" if length else "the file is empty")
        yield
    except _DAMAGE as error:
        fix = "scale it down, replace or remove it" if _is_too_large(error) else "replace or remove it"
        raise DataError(f"{path}: cannot be read as an image ({_reason(error, data)}); {fix}") from None


def size_of(data: bytes) -> tuple[int, int]:
    """Decode the bytes of an image file, and return its height and width. Raises ValueError, with why it cannot."""
    pixels = png.plain(data, MAX_PIXELS)
    if pixels is not None:
        return pixels.shape[0], pixels.shape[1]
    try:
        with opened(data, _DRAFT, LARGE, FORMATS) as found:
            grey(found.image, found.depth, FULL)
            return found.size
    except _DAMAGE as error:
        raise ValueError(_reason(error, data)) from None


def _is_too_large(error: Exception) -> bool:
    return isinstance(error, Image.DecompressionBombError)


def _reason(error: Exception, data: bytes) -> str:
    """Return why a file is not an image. Pillow's own sentence only names the buffer that it read."""
    if _is_too_large(error):
        return f"more than {MAX_PIXELS:,} pixels: a decompression bomb?"
    if isinstance(error, UnidentifiedImageError):
        if data[8:12] == b"WEBP" and not features.check("webp"):
            return "this Pillow was built without WebP; pip install --force-reinstall pillow adds it"
        return "not a PNG, JPEG, BMP, TIFF, WebP, GIF or PGM image"
    return " ".join(str(error).split())[:200] or type(error).__name__


def resize(pixels: Grey, size: tuple[int, int]) -> Grey:
    """Resize pixels (H, W) with Pillow's bilinear filter, as torchvision's ``Resize`` does to an image."""
    if pixels.shape == size:
        return pixels
    height, width = size
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def edges(pixels: Grey) -> tuple[int, int]:
    """Return the sum and the number of the outermost pixels of images (N, H, W): their background."""
    found = (pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1])
    return sum(int(edge.sum()) for edge in found), sum(edge.size for edge in found)


@dataclass(frozen=True)
class Opened:
    """A picture as displayed: the first of a file, upright; its height and width in the file; bits of each sample."""

    image: Image.Image
    size: tuple[int, int]
    depth: int
    frames: int


@contextlib.contextmanager
def opened(data: bytes, side: int, large: int, formats: Sequence[str]) -> Iterator[Opened]:
    """Open a file that Pillow reads: a JPEG of more than ``large`` pixels at a part of its size, above ``side``."""
    # Pillow warns about what is decided here: size, and palettes with transparency.
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(BytesIO(png.without_text(data)), formats=tuple(formats)) as image,
    ):
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        depth, frames = sample_bits(image, data[:26]), _frames(image)
        whole = image.size
        if image.width * image.height > large:
            image.draft(image.mode, (side, side))
        image.load()
        turned = upright(image)
        turned.format = image.format
        width, height = whole if turned.size == image.size else whole[::-1]
        yield Opened(turned, (height, width), depth, frames)


def _frames(image: Image.Image) -> int:
    """Return how many pictures a file holds, any of which could be meant."""
    return int(getattr(image, "n_frames", 1)) if image.format in _OF_FRAMES else 1


def of_frames(files: Sequence[tuple[str, int]]) -> str:
    """Return a note about files with several pictures (name, how many): only the first of each is read."""
    shown = ", ".join(f"{name}: {frames} frames" for name, frames in files[:3])
    more = f", ... {len(files)} files" if len(files) > 3 else ""
    return f"{shown}{more}; the first of each is read" if len(files) > 1 else f"{shown}, the first is read"
