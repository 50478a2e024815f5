"""MNIST's own format: two zeros, the type of numbers, how many sizes; the sizes; the numbers. Often gzipped."""

import gzip
import math
import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnet.data.imports.parts import MOST_BYTES, Part, Tell, check_white, content, split_of, upright
from fcnet.errors import DataError

_BYTES = 8  # the number of the type "unsigned byte"
_CUT = "it is cut off or damaged; get it again"

_OFFICIAL = re.compile(r"(?P<set>.*?)(?P<what>images|labels)(?P<mark>[-.])idx[13](?P<end>-ubyte)(?P<gz>\.gz)?")


class Name(NamedTuple):
    """The official name of a file, such as ``emnist-letters-train-images-idx3-ubyte.gz``."""

    set: str  # emnist-letters-train-
    is_images: bool


def name_of(path: Path) -> Name | None:
    """Return what the official name of a file says; None if it has another name."""
    found = _OFFICIAL.fullmatch(path.name)
    return None if found is None else Name(found["set"], found["what"] == "images")


def labels_beside(path: Path) -> Path | None:
    """Return the file of labels beside a file of images with an official name; None if there is none."""
    name = name_of(path)
    assert name is not None
    names = (f"{name.set}labels{mark}idx1-ubyte{gz}" for gz in ("", ".gz") for mark in "-.")
    return next((path.with_name(one) for one in names if path.with_name(one).is_file()), None)


def in_folder(folder: Path) -> list[Path]:
    """Return the files with official names in a folder; if one is there packed and unpacked, unpacked."""
    found: dict[Name, Path] = {}
    for path in sorted(folder.iterdir()):
        if (name := name_of(path)) is not None and path.is_file():
            found.setdefault(name, path)  # NAME sorts before NAME.gz
    return list(found.values())


def read(path: Path, tell: Tell) -> Iterator[Part]:
    """Yield the images or the labels in a file. Raises DataError if it is damaged, or holds something else."""
    values = numbers(path, content(path))
    if values.size == 0:
        raise DataError(f"{path}: holds no numbers ({' x '.join(map(str, values.shape))}); give a file with images")
    split = split_of(path.name)
    if values.ndim == 1:
        yield Part(path, None, [str(value) for value in values.tolist()], split)
        return
    check_white(path, values)
    yield Part(path, upright(path, values, tell), None, split)


def numbers(path: object, data: bytes) -> NDArray[np.uint8]:
    """Return the numbers in a file, given its bytes, packed or not. Raises DataError if it is damaged."""
    packed = data[:2] == b"\x1f\x8b"
    file: BinaryIO = gzip.GzipFile(fileobj=BytesIO(data)) if packed else BytesIO(data)  # type: ignore[assignment]
    try:
        shape = _shape(path, file)
        size = math.prod(shape)
        body = file.read(min(size, MOST_BYTES) + 1)  # to the end, or a packed file's checksum is not compared
    except (EOFError, OSError, zlib.error):  # of gzip: the file itself is in memory
        raise DataError(f"{path}: cannot be unpacked to its end; {_CUT}") from None
    sizes = " x ".join(map(str, shape))
    if len(body) < size:
        raise DataError(f"{path}: should hold {sizes} = {size:,} numbers, and holds {len(body):,}; {_CUT}")
    if len(body) > size:
        raise DataError(f"{path}: holds more than the {sizes} = {size:,} numbers that it names; get it again")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _shape(path: object, file: BinaryIO) -> tuple[int, ...]:
    """Read the sizes: of labels one, of images three. Raises DataError if there are others, or other numbers."""
    start = file.read(4)
    if len(start) < 4:
        raise DataError(f"{path}: ends after {len(start)} bytes; {_CUT}")
    if start[:2] != b"\0\0":
        raise DataError(f"{path}: does not begin as an idx file; {_CUT}")
    if start[2] != _BYTES:
        raise DataError(f"{path}: holds numbers of type {start[2]:#04x}, not bytes (0x08); write pixels as bytes")
    if start[3] not in (1, 3):
        raise DataError(f"{path}: has {start[3]} sizes; labels have one (N), images three (N, H, W)")
    sizes = file.read(4 * start[3])
    if len(sizes) < 4 * start[3]:
        raise DataError(f"{path}: ends within its sizes; {_CUT}")
    return struct.unpack(f">{start[3]}I", sizes)
