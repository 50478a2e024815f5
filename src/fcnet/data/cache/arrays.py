"""The two files of a cache: an array of decoded images, and its notes; both are read and written as a whole."""

import contextlib
import hashlib
import mmap
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.data.cache.notes import Notes
from fcnet.data.mapped import Mapped, pieces

Pixels = NDArray[np.uint8]  # (N, H, W)

# Bytes of images from which on the workers of a host share the memory of the file; below it, copies cost little.
SHARED = 1 << 28

# --- read ---------------------------------------------------------------------------------------------------------


def read(path: Path, shape: tuple[int, int, int], mapped: bool) -> tuple[Pixels, Notes, Mapped | None]:
    """Return an array, its notes and, if it stays there, its file.

    Raises:
        OSError: one of the two files does not exist, or cannot be read.
        ValueError: they are not what was written.
    """
    notes = Notes.read(path.with_suffix(".json"), path.name, shape[0])
    pixels, file = open_array(path, shape, mapped)
    if digest(pixels, file) != notes.sha256:  # bits flip on disks
        raise ValueError(f"{path}: is not what was decoded")
    return pixels, notes, file


def open_array(
    path: Path, shape: tuple[int, int, int], mapped: bool, shared: int = SHARED
) -> tuple[Pixels, Mapped | None]:
    """Return an array, in memory or in its file. Raises OSError, or ValueError if it does not have this shape.

    Args:
        path: its file.
        shape: that it has to have.
        mapped: leave it in its file, and release what was read.
        shared: bytes from which on memory is shared with other processes that read the same file.
    """
    file = Mapped.open(path, shape)
    if mapped:
        return file.array, file
    if file.array.nbytes < shared:
        return np.array(file.array), None
    return Mapped.open(path, shape, mmap.ACCESS_COPY).array, None


def digest(pixels: Pixels, file: Mapped | None) -> str:
    found = hashlib.sha256()
    for piece in pieces(len(pixels), pixels[0].nbytes):
        found.update(pixels[piece].data)
        if file:
            file.release()
    return found.hexdigest()


# --- written ------------------------------------------------------------------------------------------------------


class Unwritable(Exception):
    """The cache cannot be written."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Distinguish the system's errors about the cache from all others."""
    try:
        yield
    except OSError as error:
        raise Unwritable(error) from error


@contextlib.contextmanager
def partial_file(path: Path) -> Iterator[FileIO]:
    """Yield a new file next to a path; nothing is left of it unless it becomes that path."""
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    with _writing():
        for left in _siblings(path, ".tmp"):  # by a process that was killed: this one holds the lock
            left.unlink(missing_ok=True)
        file = partial.open("wb", buffering=0)
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write(file: FileIO, data: bytes | memoryview) -> None:
    left = memoryview(data).cast("B")
    with _writing():
        while left:
            left = left[file.write(left) :]


def commit(file: FileIO, path: Path, notes: Notes) -> None:
    """Move a written array to its path, with its notes; if the disk has no room for these, neither is left."""
    partial = Path(str(file.name))
    with _writing():
        file.close()
        for stale in _siblings(path, ".npy", ".json"):
            stale.unlink(missing_ok=True)
        partial.replace(path)
        try:
            partial.write_bytes(notes.dump())
            partial.replace(path.with_suffix(".json"))
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _siblings(path: Path, *suffixes: str) -> list[Path]:
    """Return the cache's files for the same folder and size, in this or an earlier state of its files."""
    prefix = path.name.rpartition("-")[0]
    others = (other for other in path.parent.iterdir() if other.suffix in suffixes)
    return [other for other in others if other.name.rpartition("-")[0] == prefix]
