"""Images decoded once: a uint8 array on disk, found again by what the file system says of the files.

A file that was changed, added or removed changes the fingerprint (names, sizes, times), so that a stale array is never
read. An array lies beside its image folder in ``.fcnet-cache``, or where ``data.cache`` says; removing it costs
nothing but the next decoding.
"""

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from fcnet import images
from fcnet.errors import DataError, listed, naming
from fcnet.folder import Listing
from fcnet.images import Form
from fcnet.mapped import Mapped, pieces

Progress = Callable[[str, int, int], None]  # (what is done, how many are done, of how many)

# Raise when decoding changes its results, so that older arrays are not read.
VERSION = 1

CHUNK_BYTES = 1 << 20  # pixels decoded between two writes: 1,337 digits of 28x28, or one large image


@dataclass(frozen=True)
class Decoded:
    """All images of one split.

    Attributes:
        pixels: uint8 (N, H, W).
        sizes: the files' own sizes, such as ``{"28x28": 60000}`` (height x width).
        sha256: of the pixels, in order: the content's fingerprint.
        bad: what is wrong with the images that cannot be read, by position; they are black in ``pixels``.
        warning: why the array could not be kept on disk; empty where it was.
        mapped: the file of ``pixels``, where they stay in it.
    """

    pixels: NDArray[np.uint8]
    sizes: dict[str, int]
    sha256: str
    bad: dict[int, str]
    warning: str = ""
    mapped: Mapped | None = None


def decode(
    listing: Listing,
    form: Form,
    folder: Path | None,
    progress: Progress,
    skip: bool = False,
    mapped: bool = False,
) -> Decoded:
    """The images of a split, from the cache or else decoded and cached.

    Args:
        listing: the files.
        form: what they are brought to.
        folder: of the cache; None for the place beside the images.
        progress: told after each chunk of decoding; what it raises ends the decoding.
        skip: bad images are no error, as long as there are others.
        mapped: leave the pixels in the file of the cache.

    Raises:
        DataError: naming each file that cannot be read (ten shown, the total said); pixels that are to stay in a file
            cannot be written to one.
    """
    folder = folder or listing.root.parent / ".fcnet-cache"
    path = folder / _file_name(listing, form)
    shape = (len(listing.names), *form.size)
    found = _load(path, shape, mapped) or _decode(listing, form, path, progress, skip, mapped)
    _check(listing, found.bad, skip)
    return found


def _decode(listing: Listing, form: Form, path: Path, progress: Progress, skip: bool, mapped: bool) -> Decoded:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = acquire(path.parent / ".lock", progress)
    except (OSError, NotImplementedError) as error:  # the latter where the file system has no locks
        reason = getattr(error, "strerror", None) or error
        where = f"{path.parent}: cannot be written ({reason})"
        if mapped:
            raise DataError(f"{where}; images that are read from there as they are needed: set data.cache") from None
        return _in_memory(listing, form, progress, skip, f"{where}; images are decoded anew each time: set data.cache")
    with held:
        # Another process may have decoded the same images while this one waited.
        shape = (len(listing.names), *form.size)
        return _load(path, shape, mapped) or _on_disk(listing, form, path, progress, skip, mapped)


def acquire(path: Path, progress: Progress) -> AbstractContextManager[object]:
    """A lock on a file, however long it takes; ``progress`` is told every second, and may end it by raising."""
    lock = FileLock(path)
    while True:
        try:
            return lock.acquire(timeout=1)
        except Timeout:
            progress(f"waiting for another fcnet at {path.parent}", 0, 1)


def _check(listing: Listing, bad: dict[int, str], skip: bool) -> None:
    """Raise DataError for bad images, where they are not to be skipped or there are no others."""
    if bad and not (skip and len(bad) < len(listing.names)):
        raise DataError(
            *listed(list(bad.values()), f"{listing.root}: {len(bad)} of {len(listing.names)} images cannot be read")
        )


def _file_name(listing: Listing, form: Form) -> str:
    """``train-images-28x28-WHO-KEY.npy``: WHO tells the folder and its labels, KEY the state of the files."""
    who = hashlib.sha256(f"{listing.root.absolute()}\n{listing.table and listing.table.absolute()}".encode())
    state = hashlib.sha256(f"{VERSION}\n".encode())
    state.update("\0".join(listing.names).encode("utf-8", "surrogateescape"))
    state.update(listing.stats.astype("<i8").tobytes())
    name = listing.root.name[:40]  # file systems take 255 bytes, and a character may be four
    return f"{name}-{form}-{who.hexdigest()[:8]}-{state.hexdigest()[:24]}.npy"


def _load(path: Path, shape: tuple[int, int, int], mapped: bool) -> Decoded | None:
    """The cached array, or None where there is no whole one."""
    try:
        facts = json.loads(path.with_suffix(".json").read_bytes())
        pixels, file = _open(path, shape, mapped)
        # Bits flip on disks: an array that is not what was decoded is made anew.
        sha256 = _digest(pixels, file)
        bad = {int(i): str(problem) for i, problem in facts.get("bad", {}).items()}
        return Decoded(pixels, dict(facts["sizes"]), sha256, bad, "", file) if sha256 == facts["sha256"] else None
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, RecursionError):
        return None


def _open(path: Path, shape: tuple[int, int, int], mapped: bool) -> tuple[NDArray[np.uint8], Mapped | None]:
    """An array, in memory or in its file. Raises OSError or ValueError where it is none of this shape."""
    file = Mapped.open(path, shape)
    return (file.array, file) if mapped else (np.array(file.array), None)


def _digest(pixels: NDArray[np.uint8], file: Mapped | None) -> str:
    digest = hashlib.sha256()
    for piece in pieces(len(pixels), pixels[0].nbytes):
        digest.update(pixels[piece].data)
        if file:
            file.release()
    return digest.hexdigest()


@dataclass
class _Tally:
    """What is found while images are decoded.

    Attributes:
        sizes: the files' own sizes, and how many have them.
        bad: what is wrong with the images that cannot be decoded, by position.
        unread: the files that cannot be read, by position; these are never skipped, for tomorrow they may be there.
        edges: sum and number of the outermost pixels of images that are to be deskewed.
    """

    sizes: Counter[str] = field(default_factory=Counter)
    bad: dict[int, str] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    edges: tuple[int, int] = (0, 0)

    def see(self, pixels: NDArray[np.uint8]) -> None:
        """Take note of the background of images (n, H, W) that are to be deskewed."""
        light, count = images.edges(pixels)
        self.edges = self.edges[0] + light, self.edges[1] + count

    def check(self, listing: Listing, skip: bool) -> None:
        """Raise DataError where there are images that are not to be left out, or that have no slant to be told."""
        _check(listing, self.bad | self.unread, skip and not self.unread)
        light, count = self.edges
        if light > images.LIGHT * 255 * count:
            raise DataError(
                f"{listing.root}: images have a light background (their edges are {light / count / 255:.2f} of white),"
                " and data.deskew weighs light pixels; invert the images, or take data.deskew out"
            )


def _chunks(listing: Listing, form: Form, progress: Progress, tally: _Tally) -> Iterator[bytes]:
    """The pixels of all files, in order, a chunk at a time."""
    total = len(listing.names)
    step = max(CHUNK_BYTES // math.prod(form.size), 1)
    for start in range(0, total, step):
        names = listing.names[start : start + step]
        chunk = np.zeros((len(names), *form.size), np.uint8)
        for i, name in enumerate(names):
            try:
                chunk[i], (height, width) = images.read(listing.root / name, form.size)
                tally.sizes[f"{height}x{width}"] += 1
            except images.UnreadError as error:
                tally.unread[start + i] = error.problems[0]
            except DataError as error:
                tally.bad[start + i] = error.problems[0]
        if form.deskew:
            tally.see(chunk)
            chunk = images.deskewed(chunk)
        yield chunk.tobytes()
        progress(f"decoding {listing.root.name}", start + len(names), total)


def _in_memory(listing: Listing, form: Form, progress: Progress, skip: bool, warning: str) -> Decoded:
    tally = _Tally()
    data = bytearray().join(_chunks(listing, form, progress, tally))
    tally.check(listing, skip)
    pixels = np.frombuffer(data, np.uint8).reshape(-1, *form.size)
    return Decoded(pixels, dict(tally.sizes), hashlib.sha256(data).hexdigest(), tally.bad, warning)


def _on_disk(listing: Listing, form: Form, path: Path, progress: Progress, skip: bool, mapped: bool) -> Decoded:
    """Decode into ``path`` by way of a temporary file; nothing is left of an attempt that fails."""
    tally = _Tally()
    digest = hashlib.sha256()
    shape = (len(listing.names), *form.size)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    for left in _siblings(path, ".tmp"):  # by a process that was killed: this one holds the lock
        left.unlink(missing_ok=True)
    try:
        with naming(path), partial.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in _chunks(listing, form, progress, tally):
                digest.update(chunk)
                file.write(chunk)
        tally.check(listing, skip)
        for stale in _siblings(path, ".npy", ".json"):
            stale.unlink(missing_ok=True)
        facts = {"sizes": dict(tally.sizes), "sha256": digest.hexdigest(), "bad": tally.bad}
        partial.replace(path)
        partial.write_text(json.dumps(facts), encoding="utf-8")
        partial.replace(path.with_suffix(".json"))
    finally:
        partial.unlink(missing_ok=True)
    pixels, source = _open(path, shape, mapped)
    return Decoded(pixels, dict(tally.sizes), digest.hexdigest(), tally.bad, "", source)


def _siblings(path: Path, *suffixes: str) -> list[Path]:
    """Files of the cache for the same folder and size, in this or a former state of its files."""
    prefix = path.name.rpartition("-")[0]
    others = (other for other in path.parent.iterdir() if other.suffix in suffixes)
    return [other for other in others if other.name.rpartition("-")[0] == prefix]
