"""Image files that Pillow does not write."""

import struct
import zlib

import numpy as np

from fcnet.data.images import png


def colours_of_16_bits(values: np.ndarray) -> bytes:
    """A PNG of 16 bits per colour, (H, W, 3)."""
    height, width, _ = values.shape
    body = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in values))
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return png.SIGNATURE + b"".join(png.chunk(kind, inside) for kind, inside in parts)
