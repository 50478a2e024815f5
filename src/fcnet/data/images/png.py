"""PNG files without a library: read and write small grey ones, and drop chunks that no pixel needs.

Digit data sets consist of PNGs whose rows are just deflated bytes, which ``zlib`` inflates in a third of Pillow's time.
(torchvision's C++ decoder takes 0.8 of Pillow's time for such files, but importing torchvision takes as long as Pillow
needs for 25,000 of them.)
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (H, W), 0 is black

# zlib's effort: a third faster than its default, and a digit is 198 bytes instead of 194.
LEVEL = 3

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_8_BIT = b"\x08\x00\x00\x00\x00"  # depth 8, colour type 0, deflate, standard filters, not interlaced

# Chunks that do not change the pixels; Pillow reads any other (transparency, EXIF, animation).
_PLAIN = (b"IHDR", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"tIME")

# Text may contain the camera's orientation; nothing else that is packed in a chunk, such as a colour profile, is used.
_PACKED = (b"zTXt", b"iTXt", b"tEXt", b"iCCP")
_USEFUL = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")
MAX_TEXT = 1 << 18  # bytes of such a text, and of what it unpacks to; an orientation takes a few hundred


def encode_png(pixels: Grey) -> bytes:
    """Return an 8-bit grey PNG of pixels (H, W), each row stored without a filter."""
    height, width = pixels.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # each row begins with the number of its filter, 0 for none
    rows[:, 1:] = pixels
    header = struct.pack(">II", width, height) + _GREY_8_BIT
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), LEVEL)), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in chunks)


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a file: length, kind, body, checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each complete chunk, up to the last one or to where the file stops being PNG."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            return
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def plain(data: bytes, most: int) -> Grey | None:
    """Return the pixels of an 8-bit grey PNG without row filters; None for any other file, valid or not.

    Args:
        data: the file.
        most: the largest allowed number of pixels.
    """
    if data[:8] != SIGNATURE or data[12:16] != b"IHDR" or data[24:29] != _GREY_8_BIT:
        return None
    width, height = struct.unpack(">II", data[16:24])
    if not 0 < width * height <= most:
        return None
    parts: list[bytes] = []
    for kind, start, end in _chunks(data):
        if zlib.crc32(data[start + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            return None
        if kind == b"IDAT":
            parts.append(data[start + 8 : end - 4])
        elif kind == b"IEND":
            return _unpack_rows(b"".join(parts), height, width)
        elif kind not in _PLAIN:
            return None
    return None


def _unpack_rows(body: bytes, height: int, width: int) -> Grey | None:
    """Inflate unfiltered rows to (H, W); None if a row has a filter or the number of bytes is wrong."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(body, height * (1 + width) + 1)
    except zlib.error:
        return None
    if len(raw) != height * (1 + width) or not inflate.eof:
        return None
    rows = np.frombuffer(raw, np.uint8).reshape(height, 1 + width)
    return None if rows[:, 0].any() else rows[:, 1:]


def without_text(data: bytes) -> bytes:
    """Return a PNG without texts and profiles, except the first texts that may hold an orientation; others as is.

    Pillow unpacks them all, and refuses a valid image if one unpacks to more than a megabyte.
    """
    if data[:8] != SIGNATURE:
        return data
    cuts: list[tuple[int, int]] = []
    kept: set[bytes] = set()
    for kind, start, end in _chunks(data):
        if kind not in _PACKED:
            continue
        word = data[start + 8 : start + 8 + 32].partition(b"\0")[0] + b"\0"
        if kind != b"iCCP" and word in _USEFUL and word not in kept and _is_small(kind, data[start + 8 : end - 4]):
            kept.add(word)
        else:
            cuts.append((start, end))
    if not cuts:
        return data
    ends = [0, *(end for _, end in cuts)]
    starts = [*(start for start, _ in cuts), len(data)]
    return b"".join(data[end:start] for end, start in zip(ends, starts, strict=True))


def _is_small(kind: bytes, body: bytes) -> bool:
    """Return whether a text chunk has few bytes, even when unpacked."""
    if len(body) > MAX_TEXT:
        return False
    _, _, rest = body.partition(b"\0")
    packed = rest[1:]  # after the compression method
    if kind == b"tEXt" or (kind == b"iTXt" and rest[:1] == b"\0"):
        return True
    if kind == b"iTXt":  # flag, method, language, translated keyword, text
        packed = rest[2:].split(b"\0", 2)[-1]
    inflate = zlib.decompressobj()
    try:
        inflate.decompress(packed, MAX_TEXT)
    except zlib.error:
        return False
    return not inflate.unconsumed_tail
