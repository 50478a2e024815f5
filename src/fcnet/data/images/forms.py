"""Recognise files that are neither images nor text by their first bytes, and say what to do with them."""

import re
import struct
import zlib
from pathlib import Path
from typing import Literal, NamedTuple

from fcnet.system import files

START = 1 << 16  # bytes that are read

# docs/data.md has a section of this name, with Python code for each form.
_SECTION = "'Data in other forms' in docs/data.md"


# What ``data.imports`` reads, and what a user has to do with other files.
Kind = Literal["npy", "npz", "idx", "parquet", "arrow", "arrow stream", "table", "image", "packed", "other", "unknown"]


class Form(NamedTuple):
    """What a file is, as the text after "is", and what to do."""

    what: str
    fix: str
    kind: Kind = "other"

    @property
    def is_image(self) -> bool:
        """Whether it is an image."""
        return self.kind == "image"


_IMPORT = "write an image folder from it: fcnet data import FILE"
_ARRAYS = f"write an image folder from it: {_SECTION} has the Python code"
_UNPACK = "unpack it, and name the folder of the images and the file of the labels in it"
_TABLE = "save it as text, CSV in UTF-8"
_PICTURE = "name the folder of the images as `images`, and a text file as `labels`"

# The first bytes of files, and what they are.
_MAGIC = (
    (b"\x93NUMPY", Form("a NumPy array (.npy)", _IMPORT, "npy")),
    (b"\x89HDF\r\n\x1a\n", Form("an HDF5 file (.h5)", _ARRAYS)),
    (b"MATLAB 7.3", Form("a MATLAB file (.mat, HDF5)", _ARRAYS)),
    (b"MATLAB", Form("a MATLAB file (.mat)", _ARRAYS)),
    (b"PAR1", Form("a Parquet table (.parquet)", _IMPORT, "parquet")),
    (b"ARROW1", Form("an Arrow table (.arrow)", _IMPORT, "arrow")),
    (b"\xff\xff\xff\xff", Form("an Arrow stream (.arrow)", _IMPORT, "arrow stream")),
    (b"SQLite format 3\0", Form("an SQLite database", _ARRAYS)),
    (b"7z\xbc\xaf\x27\x1c", Form("a 7z archive", _UNPACK, "packed")),
    (b"Rar!", Form("a RAR archive", _UNPACK, "packed")),
    (b"\xfd7zXZ\0", Form("an xz archive", _UNPACK, "packed")),
    (b"BZh", Form("a bzip2 archive", _UNPACK, "packed")),
    (b"\x28\xb5\x2f\xfd", Form("a zstd archive", _UNPACK, "packed")),
    (b"\xd0\xcf\x11\xe0", Form("an old Excel or Word file", _TABLE)),
    (b"%PDF", Form("a PDF document", "export its pages as PNG images")),
    (b"\x89PNG", Form("an image (PNG)", _PICTURE, "image")),
    (b"\xff\xd8\xff", Form("an image (JPEG)", _PICTURE, "image")),
    (b"GIF8", Form("an image (GIF)", _PICTURE, "image")),
    (b"II*\0", Form("an image (TIFF)", _PICTURE, "image")),
    (b"MM\0*", Form("an image (TIFF)", _PICTURE, "image")),
    (b"version https://git-lfs", Form("a pointer of Git LFS, not the data", "fetch the data: git lfs pull")),
)

_PICKLED = re.compile(rb"\x80[\x02-\x05]")
_WEB_PAGE = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)
_IDX = re.compile(rb"\0\0([\x08\x09\x0b-\x0e])([\x01-\x04])")
_OFFICIAL = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
_WHOLE_NUMBERS = re.compile(rb"\s*\d+([,;\t]\d+){63,}\s*")
_PIXELS_OF = re.compile(rb"(?i)\bpixel_?\d+\b|\b1x1\b|\bpx\d+\b")


def tell(path: Path) -> Form | None:
    """Return what a file is, unless it is plain text. Raises OSError, or NotReadable if it is not a regular file."""
    return of(files.read_start(path, START), path.name)


def of(data: bytes, name: str) -> Form | None:
    """Return what a file is, by its first bytes and its name; None for text and for unknown formats."""
    binary = b"\0" in data
    for magic, form in _MAGIC:
        # A label may be "PAR1": in a text file, letters alone mean nothing.
        if data.startswith(magic) and (binary or not _is_words(magic)):
            return form
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(data)
    if data.startswith(b"\x1f\x8b"):
        return _gzip(data, name)
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return Form("an image (BMP)", _PICTURE, "image")
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Form("an image (WebP)", _PICTURE, "image")
    if data[257:262] == b"ustar":
        return Form("a tar archive", _UNPACK, "packed")
    return _idx(data, name) or _without_magic(data)


def _is_words(magic: bytes) -> bool:
    return re.fullmatch(rb"[A-Za-z0-9 .!]+", magic) is not None


def _without_magic(data: bytes) -> Form | None:
    if _PICKLED.match(data):
        return Form("a Python pickle (.pkl, or an old .pt), which may run code when it is opened", _ARRAYS)
    if _WEB_PAGE.match(data):
        return Form("a web page, not the data", "download the file itself")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_utf_16(data):
        return Form("UTF-16 text (Excel's and Notepad's 'Unicode')", "save it as UTF-8")
    if b"\0" in data:
        return Form(
            "a binary file", f"write the labels as text, one per line; for other forms see {_SECTION}", "unknown"
        )
    return pixel_table(data)


def pixel_table(data: bytes) -> Form | None:
    """Recognise tables with a row per image and a column per pixel, as on Kaggle."""
    lines = data.split(b"\n", 2)
    columns = max(lines[0].count(mark) for mark in b",;\t") + 1
    if columns < 64 or not (_PIXELS_OF.search(lines[0]) or _WHOLE_NUMBERS.fullmatch(lines[0])):
        return None
    return Form(f"a table of pixels ({columns} columns, a row per image), as on Kaggle", _IMPORT, "table")


def _is_utf_16(data: bytes) -> bool:
    """Return whether every other byte is 0, as in Latin letters in UTF-16."""
    start = data[:256]
    return len(start) > 3 and (not any(start[::2]) or not any(start[1::2])) and any(start)


def _zip(data: bytes) -> Form:
    """Recognise a zip file, the container of many formats, by the name of its first member."""
    length = struct.unpack_from("<H", data, 26)[0] if len(data) > 30 else 0
    member = data[30 : 30 + length]
    if member.endswith(b".npy"):
        return Form("a file of NumPy arrays (.npz)", _IMPORT, "npz")
    if member == b"[Content_Types].xml" or member.startswith((b"xl/", b"_rels/")):
        return Form("an Excel workbook (.xlsx)", _TABLE)
    if member.endswith((b"/data.pkl", b"/version", b"/byteorder")):
        return Form("a PyTorch file (.pt)", _ARRAYS)
    return Form("a zip archive", _UNPACK, "packed")


def _gzip(data: bytes, name: str) -> Form:
    """Recognise a compressed file by its contents."""
    inside = _unpacked(data, 4096) or _unpacked(data, 300)  # of a damaged file perhaps only its beginning
    if inside[257:262] == b"ustar":
        return Form("a compressed tar archive", _UNPACK, "packed")
    form = _idx(inside, name) or (of(inside, name) if inside[:2] != b"\x1f\x8b" else None)
    if form is None:
        return Form("compressed by gzip", "unpack it with gunzip", "packed")
    return Form(f"compressed by gzip, {form.what}", form.fix, form.kind if form.kind == "idx" else "packed")


def _unpacked(data: bytes, count: int) -> bytes:
    """Return the first bytes of what is compressed by gzip; nothing if it is damaged."""
    try:
        return zlib.decompressobj(31).decompress(data, count)
    except zlib.error:
        return b""


def _idx(data: bytes, name: str) -> Form | None:
    """Recognise the format of MNIST's own files: a kind of number, sizes, numbers."""
    found = _IDX.match(data)
    if found is None:
        return None
    dimensions = found[2][0]
    if len(data) < 4 + 4 * dimensions:
        return None
    sizes = struct.unpack_from(f">{dimensions}I", data, 4)
    what = f"an idx file, like those of MNIST ({' x '.join(map(str, sizes))})"
    if not _OFFICIAL.fullmatch(name):
        return Form(what, _IMPORT, "idx")
    return Form(
        what,
        "put the four official files into ROOT/MNIST/raw and give data: {source: mnist, root: ROOT} instead of train"
        " and test (FashionMNIST/raw and fashion-mnist, KMNIST/raw and kmnist)",
        "idx",
    )
