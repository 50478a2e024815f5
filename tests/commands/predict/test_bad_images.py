"""Files that are no photo of a digit, or one in an odd form: an answer or one line each, and no other word."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.command_line import Run
from helpers.digits import drawn, on_paper

SEVEN = Image.fromarray(on_paper(drawn("7"), seed=1))
GREY = SEVEN.convert("L")

Write = Callable[[Path], object]


def exif(of: dict[int, object]) -> Image.Exif:
    found = Image.Exif()
    for tag, value in of.items():
        found[tag] = value
    return found


def frames(path: Path) -> None:
    others = [Image.new("RGB", SEVEN.size, colour) for colour in ("red", "blue")]
    SEVEN.save(path, save_all=True, append_images=others)


def alpha(path: Path) -> None:
    clear = Image.new("RGBA", SEVEN.size)
    clear.putalpha(drawn("7").point(lambda value: 255 - value))
    clear.save(path)


def png(size: tuple[int, int], depth: int, colours: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def deep(path: Path) -> None:
    """16 bits in colour, which Pillow does not write."""
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(SEVEN).astype(">u2") * 257)
    path.write_bytes(png(SEVEN.size, 16, 2, rows))


def bomb(path: Path) -> None:
    path.write_bytes(png((20_000, 20_000), 1, 0, bytes(2501 * 20_000)))


def damaged_exif(path: Path) -> None:
    SEVEN.save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 200)


def cut(path: Path) -> None:
    data = io.BytesIO()
    SEVEN.save(data, "JPEG" if path.suffix == ".jpg" else "PNG")
    path.write_bytes(data.getvalue()[: len(data.getvalue()) // 2])


def floats(path: Path) -> None:
    values = np.asarray(GREY).astype(np.float32) / 255
    values[0, :2] = np.nan, np.inf
    Image.fromarray(values).save(path)


READ: dict[str, tuple[str, Write]] = {
    "CMYK": ("x.jpg", SEVEN.convert("CMYK").save),
    "16 bits": ("x.png", Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257).save),
    "16 bits in colour": ("x.png", deep),
    "much EXIF": ("x.jpg", lambda path: SEVEN.save(path, exif=exif({0x010E: "x" * 60_000}))),
    "turned otherwise": ("x.jpg", lambda path: SEVEN.save(path, exif=exif({0x0112: 99}))),
    "damaged EXIF": ("x.jpg", damaged_exif),
    "palette": ("x.png", lambda path: SEVEN.convert("P").save(path, transparency=0)),
    "alpha only": ("x.png", alpha),
    "another suffix": ("x.jpg", lambda path: SEVEN.save(path, "PNG")),
    "1 bit": ("x.png", drawn("7").convert("1").save),
    "fax": ("x.tif", lambda path: drawn("7").convert("1").save(path, compression="group4")),
}
ANIMATED = ["x.gif", "x.webp", "x.png"]
EMPTY: dict[str, Write] = {
    "one pixel": Image.new("RGB", (1, 1), (200, 0, 0)).save,
    "one colour": Image.new("RGB", (300, 200), (90, 90, 200)).save,
    "one line": Image.new("L", (1, 3000), 90).save,
    "very wide": Image.fromarray(np.linspace(80, 250, 120_000).astype(np.uint8).reshape(20, 6000)).save,
    "very tall": Image.fromarray(np.linspace(80, 250, 120_000).astype(np.uint8).reshape(6000, 20)).save,
    "all clear": Image.new("LA", (100, 100)).save,
    "a chessboard": Image.fromarray(np.where(np.indices((200, 200)).sum(0) % 2, 255, 0).astype(np.uint8)).save,
}
REFUSED: dict[str, tuple[str, Write, str]] = {
    "a bomb": ("x.png", bomb, "more than 178,956,970 pixels"),
    "a JPEG that is cut": ("x.jpg", cut, "image file is truncated"),
    "a PNG that is cut": ("x.png", cut, "cannot be read as an image"),
    "text": ("x.jpg", lambda path: path.write_text("no image\n"), "not a PNG, JPEG, BMP"),
    "nothing": ("x.png", lambda path: path.touch(), "the file is empty"),
    "an empty JPEG": ("x.jpg", lambda path: path.touch(), "the file is empty"),
    "floats": ("x.tif", floats, "floating-point numbers"),
    "32 bits": ("x.tif", Image.fromarray(np.asarray(GREY).astype(np.int32) * 70_000).save, "32-bit or signed"),
    "a folder": ("x", lambda path: path.mkdir(), "contains no images"),
    "a link to nothing": ("x.png", lambda path: path.symlink_to("nowhere.png"), "is a link to nowhere.png"),
    "a link to itself": ("x.png", lambda path: path.symlink_to("x.png"), "is a link that leads back to itself"),
}


@pytest.mark.parametrize("kind", READ)
def test_odd_forms_are_read(fcnet: Run, master: Path, tmp_path: Path, kind: str) -> None:
    name, write = READ[kind]
    write(tmp_path / name)
    outcome = fcnet("predict", master / "run", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1].split()[:2] == [name, "7"]
    assert fcnet("predict", master / "run", name, "--find").out.splitlines()[0].startswith(f"{name}: 1 digit in 1 line")


@pytest.mark.parametrize("name", ANIMATED)
def test_the_first_frame_is_read_and_said(fcnet: Run, master: Path, tmp_path: Path, name: str) -> None:
    frames(tmp_path / name)
    outcome = fcnet("predict", master / "run", name)
    assert outcome.code == 0
    assert outcome.err == f"fcnet: warning: {name}: 3 frames, the first is read\n"
    assert outcome.out.splitlines()[1].split()[:2] == [name, "7"]


@pytest.mark.parametrize("kind", EMPTY)
def test_nothing_is_found_where_nothing_is(fcnet: Run, master: Path, tmp_path: Path, kind: str) -> None:
    EMPTY[kind](tmp_path / "x.png")
    outcome = fcnet("predict", master / "run", "x.png")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1].split()[:4] == ["x.png", "-", "-", "nothing"]
    assert fcnet("predict", master / "run", "x.png", "--prepare", "off").code == 0
    outcome = fcnet("predict", master / "run", "x.png", "--find")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_image_is_said_in_one_line(fcnet: Run, master: Path, tmp_path: Path, kind: str) -> None:
    name, write, why = REFUSED[kind]
    write(tmp_path / name)
    for words in ((), ("--prepare", "off"), ("--find",)):
        outcome = fcnet("predict", master / "run", name, *words)
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.err.count("\n") == 1
        (error,) = outcome.errors
        assert error.startswith(f"{name}: ")
        assert why in error
