"""Convert Pillow's pictures, in any mode, to 8-bit grey: depth, transparency, and orientation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # (H, W), 0 is black

FULL = 65535  # the value of white in 16-bit images, unless all their values are small

# 16-bit images without larger values hold 8 to 12 bits: their high byte would keep only 4 bits, and show little.
NARROW = 4095

_ORIENTATION = 0x0112  # the tag of EXIF and TIFF
_BITS, _PHOTOMETRIC = 258, 262  # tags of TIFF: bits of each sample; 0 where white is 0

# How to turn a picture upright, by its tag.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Depth:
    """What 16-bit images hold.

    Attributes:
        peak: the largest value of all.
        coloured: how many have colours, of which only the high bytes can be read.
    """

    peak: int
    coloured: int = 0

    @property
    def white(self) -> int:
        """The value used for white: the largest of the 8 to 12 bits that hold all values, else of 16 bits."""
        return FULL if self.peak > NARROW else (1 << max(self.peak.bit_length(), 8)) - 1

    def with_more(self, other: "Depth | None") -> "Depth":
        """Return what these images and others hold together."""
        if other is None:
            return self
        return Depth(max(self.peak, other.peak), self.coloured + other.coloured)


def upright(image: Image.Image) -> Image.Image:
    """Return a picture turned upright by the camera's orientation in its EXIF."""
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, ArithmeticError):
        turn = None  # damaged EXIF, valid pixels
    return image if turn is None else image.transpose(turn)


def grey(image: Image.Image, depth: int, white: int) -> tuple[Pixels, Depth | None]:
    """Return a picture's pixels in 8-bit grey and, if it has 16 bits, what they hold.

    Args:
        image: as Pillow opened it, its pixels read.
        depth: bits of each sample in its file.
        white: the value of white in 16 bits.

    Raises:
        ValueError: such values do not define black and white, or a value is above ``white``.
    """
    if (image.mode == "I" and image.format in ("PNG", "PPM")) or image.mode.startswith("I;16"):
        return _deep(image, depth, white)
    if image.mode in ("I", "F"):
        kind = "floating-point" if image.mode == "F" else "32-bit or signed"
        raise ValueError(f"its pixels are {kind} numbers, which do not define what is white; save it with 8 or 16 bits")
    found = _coloured(image, white) if depth > 8 else None
    return _shallow(image, depth), found


def _deep(image: Image.Image, depth: int, white: int) -> tuple[Pixels, Depth]:
    """Convert 16-bit grey. Pillow's own conversion would clip at 255, which makes most of such an image white."""
    values = np.asarray(image)
    if image.format == "TIFF" and _tag(image, _PHOTOMETRIC) == 0:
        values = (1 << depth) - 1 - values  # white is 0, which Pillow handles only for 8 bits
    peak = int(values.max())
    if peak > white:
        raise ValueError(f"has the value {peak}, above data.white, {white}; scale its values down, or raise data.white")
    scaled = values >> 8 if white == FULL else values.astype(np.uint32) * 256 // (white + 1)
    pixels = scaled.astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        seen = np.where(values == clear, 0, 255).astype(np.uint8)
        pixels = laid(Image.fromarray(pixels), Image.fromarray(seen))
    return pixels, Depth(peak)


def _coloured(image: Image.Image, white: int) -> Depth:
    """Return what 16-bit colours hold, judged by their high bytes. Raises ValueError if their values are scaled."""
    if white != FULL:
        raise ValueError(f"has 16-bit colours, which cannot be scaled by data.white, {white}; save it with 8 bits")
    extrema = dict(zip(image.getbands(), np.reshape(image.getextrema(), (-1, 2)), strict=True))
    return Depth(max(int(high) for band, (_, high) in extrema.items() if band != "A") * 256 + 255, 1)


def _shallow(image: Image.Image, depth: int) -> Pixels:
    """Convert up to 8 bits, and the high bytes of 16-bit colours: Pillow's luma, over a background if transparent."""
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(clear, int) and depth < 8:
        image.info["transparency"] = clear * 255 // ((1 << depth) - 1)  # pixels of 2 and 4 bits were scaled to 8
    elif depth > 8 and isinstance(clear, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    if image.mode == "La":
        image = image.convert("LA")
    whole = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = whole.getchannel("A")
    least, most = alpha.getextrema()
    # Programs write BMPs with an empty fourth byte.
    if least == 255 or (most == 0 and image.format == "BMP"):
        return np.asarray((whole if image.mode in ("RGBa", "PA") else image).convert("L"))
    return laid(whole.convert("L"), alpha)


def laid(pixels: Image.Image, alpha: Image.Image) -> Pixels:
    """Return grey pixels over a white background if their ink is dark, over a black one if it is light.

    The ink is what can be seen: it is dark if the mean of the pixels, weighted by ``alpha``, is below half of white.
    """
    light, seen = np.asarray(pixels), np.asarray(alpha)
    amount = int(seen.sum(dtype=np.int64))
    ink = int(np.einsum("yx,yx->", light, seen, dtype=np.int64))
    ground = 255 if amount and 2 * ink < 255 * amount else 0
    return np.asarray(Image.composite(pixels, Image.new("L", pixels.size, ground), alpha))


def _tag(image: Image.Image, number: int) -> object:
    """Return a tag of a TIFF; None if it has none of that number."""
    return getattr(image, "tag_v2", {}).get(number)


def sample_bits(image: Image.Image, header: bytes) -> int:
    """Return the bits of each sample in the file of a picture just opened; 8 if its format has no others.

    Args:
        image: the picture.
        header: the first 26 bytes of its file.
    """
    if image.format == "PNG":
        return header[24]
    if image.format == "TIFF":
        bits = _tag(image, _BITS)
        return int(max(bits)) if isinstance(bits, tuple) and bits else 8
    return 8
