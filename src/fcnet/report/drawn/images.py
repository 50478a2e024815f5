"""Small images as addresses that hold them: PNGs in base64."""

import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GAP = 1  # pixels between the images of a sheet

# Ends and middle of the colours of signed numbers: blue, white, red.
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (255, 255, 255), (178, 24, 43)


def grey(image: NDArray[np.uint8]) -> str:
    """Return the address of a grey image (H, W)."""
    return _address(Image.fromarray(np.ascontiguousarray(image)))


def signed(image: NDArray[np.floating[Any]], limit: float) -> str:
    """Return the address of numbers (H, W) in colours: blue at -limit and below, white at 0, red at limit and above."""
    place = np.clip(image / (limit or 1.0), -1, 1) * 127 + 127
    found = Image.fromarray(place.round().astype(np.uint8))
    found.putpalette(_palette())
    return _address(found)


def sheet(images: NDArray[np.uint8], columns: int) -> str:
    """Return the address of one picture of grey images (n, H, W) in rows, with gaps of mid-grey."""
    n, height, width = images.shape
    rows = -(-n // columns)
    whole = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), 128, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * (height + GAP), i % columns * (width + GAP)
        whole[top : top + height, left : left + width] = image
    return grey(whole)


@cache
def _palette() -> Sequence[int]:
    colours: list[int] = []
    for i in range(255):
        share = abs(i - 127) / 127
        end = _POSITIVE if i > 127 else _NEGATIVE
        colours += [round(zero + (one - zero) * share) for zero, one in zip(_ZERO, end, strict=True)]
    return [*colours, 0, 0, 0]


def _address(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
