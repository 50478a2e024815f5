"""Read one picture in colour, as displayed, for the preparation of photos."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fcnet.data.images import decode
from fcnet.data.images.grey import Depth, grey

Colour = NDArray[np.uint8]  # (H, W, 3)

HALF = 0.5  # share of opaque pixels from which on a picture is more than its ink


@dataclass(frozen=True)
class Photo:
    """A picture, at most as large as requested.

    Attributes:
        pixels: (H, W, 3), reduced if the file has more.
        size: the file's own height and width, as displayed.
        frames: how many pictures the file has, of which this is the first.
    """

    pixels: Colour
    size: tuple[int, int]
    frames: int = 1


def read(path: Path, side: int) -> Photo:
    """Read one file as a picture whose longer side has at most ``side`` pixels.

    Raises:
        DataError: naming the file, if it cannot be decoded; UnreadError if it cannot even be read.
    """
    data = decode.file_bytes(path)
    # JPEGs are decoded at a half, a quarter or an eighth of their size if that is large enough.
    with decode.reported(path, data), decode.opened(data, side, side * side, decode.FORMATS) as found:
        image = _reduced(_rgb(found), side)
        return Photo(np.asarray(image), found.size, found.frames)


def _reduced(image: Image.Image, side: int) -> Image.Image:
    share = side / max(image.size)
    if share >= 1:
        return image
    width, height = image.size
    return image.resize((max(round(width * share), 1), max(round(height * share), 1)), Image.Resampling.BOX)


def _rgb(found: decode.Opened) -> Image.Image:
    """Return a picture in 8-bit colours, without transparency."""
    image = found.image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        white = Depth(max(int(np.asarray(image).max()), 0)).white if image.mode != "F" else 0
        return Image.fromarray(grey(image, found.depth, white)[0]).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    return _opaque(image.convert("RGBA"), image.format)


def _opaque(image: Image.Image, form: str | None) -> Image.Image:
    """Lay a picture on a ground where it is transparent.

    A mostly transparent picture is ink alone, and gets a white ground if that is dark, else a black one; any other gets
    the most frequent colour that can be seen, since transparent edges are no ink.
    """
    pixels = np.asarray(image)
    colours, alpha = pixels[:, :, :3], pixels[:, :, 3]
    if form == "BMP" and not alpha.any():  # programs write BMPs with an empty fourth byte
        return image.convert("RGB")
    seen = alpha > 127
    if seen.mean() > HALF:
        coarse = (colours[seen] >> 4).astype(np.int64) @ (256, 16, 1)
        ground = np.median(colours[seen][coarse == np.bincount(coarse).argmax()], 0)
    else:
        weight = alpha.astype(np.float64)
        light = float((colours.mean(2) * weight).sum() / max(weight.sum(), 1.0))
        ground = np.full(3, 255.0 if light < 128 else 0.0)
    under = Image.new("RGBA", image.size, (*(int(value) for value in ground), 255))
    under.alpha_composite(image)
    return under.convert("RGB")
