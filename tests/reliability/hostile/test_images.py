"""Images made to harm: none runs code, none takes much memory or time, each is named in one line."""

import io
import resource
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.command_line import Run

MOST_MEMORY = 700 << 20  # bytes by which the process may grow: two images of the largest size that is read

CANARY = "canary"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes, *before: bytes, depth: int = 8, colours: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bomb(megabytes: int, byte: bytes = b"\0") -> bytes:
    return zlib.compress(byte * (megabytes << 20), 9)


def of_pillow(form: str, change: Callable[[bytes], bytes] = bytes) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, form)
    return change(buffer.getvalue())


def jpeg_size(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 65500, 65500) + data[at + 4 :]


def bmp_size(data: bytes) -> bytes:
    return data[:18] + struct.pack("<ii", 1 << 30, 1 << 30) + data[26:]


def gif_size(data: bytes) -> bytes:
    at = data.index(b",", 13)
    return data[:6] + b"\xff\xff\xff\xff" + data[10 : at + 5] + b"\xff\xff\xff\xff" + data[at + 9 :]


def tiff(*tags: tuple[int, int, int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(%pipe%touch " + CANARY.encode()
SVG = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><script>x</script>&x;</svg>'

HOSTILE: dict[str, bytes] = {
    "a PNG of forged size": png(60_000, 60_000, zlib.compress(b"\0" * 64)),
    "pixels that swell": png(8, 8, bomb(256, b"\x09")),  # there is no such filter
    "a small picture that is not": png(1, 400_000_000, bomb(400)),
    "a profile that swells": png(8, 8, b"", chunk(b"iCCP", b"icc\0\0" + bomb(256))),
    "a JPEG of forged size": of_pillow("JPEG", jpeg_size),
    "a BMP of forged size": of_pillow("BMP", bmp_size),
    "a GIF of forged size": of_pillow("GIF", gif_size),
    "a TIFF of forged size": tiff(
        (256, 4, 1, 1 << 30), (257, 4, 1, 1 << 30), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)
    ),
    "a TIFF whose tag swells": tiff((256, 4, 1, 8), (257, 4, 1, 8), (273, 4, (1 << 32) - 1, 8), (262, 3, 1, 1)),
    "a PGM of forged size": b"P5 99999999 99999999 255\n" + bytes(64),
    "a WebP that is cut": b"RIFF\xff\xff\xff\x7fWEBPVP8L\xff\xff\xff\x7f/\xff\xff\xff\xff" + bytes(32),
    "PostScript": POSTSCRIPT + b") (w) file closefile\nshowpage\n%%EOF\n",
    "SVG with entities": SVG,
    "an icon with a picture in it": b"\0\0\1\0\1\0\x08\x08\0\0\1\0\x20\0" + struct.pack("<II", 64, 22) + png(8, 8, b""),
}


def test_there_are_as_many_as_were_tried() -> None:
    assert len(HOSTILE) == 14


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_image_is_named_and_harms_nothing(fcnet: Run, tiny: Path, kind: str) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "run").code == 0
    before = memory()
    for suffix in ("png", "jpg", "tif", "gif"):
        Path(f"x.{suffix}").write_bytes(HOSTILE[kind])
        outcome = fcnet("predict", "run", f"x.{suffix}")
        assert outcome.code == 3, outcome.out
        assert len(outcome.errors) == 1
        assert outcome.errors[0].startswith(f"x.{suffix}: ")
    (tiny / "train/7.png").write_bytes(HOSTILE[kind])
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "new")
    assert outcome.code == 3
    assert "tiny/train/7.png: " in outcome.errors[0]
    assert not Path("new").exists()
    assert memory() - before < MOST_MEMORY
    assert not Path(CANARY).exists()


def memory() -> int:
    """The most bytes that this process has taken."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
