"""Images decoded once: a uint8 array on disk, found again by what the file system reports about the files.

A file that was changed, added or removed changes the fingerprint (names, sizes, times), so that a stale array is never
read. An array is in ``.fcnet-cache`` next to its image folder, or in ``data.cache``, and its notes (``notes``) are next
to it; deleting them is safe, and images are decoded again.
"""

import errno
import hashlib
import math
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from fcnet.data.cache import arrays
from fcnet.data.cache.form import Form
from fcnet.data.cache.notes import Notes
from fcnet.data.folder.layouts import Listing
from fcnet.data.images.decode import LIGHT, UnreadError, edges, of_frames
from fcnet.data.images.deskew import deskewed
from fcnet.data.images.grey import FULL
from fcnet.data.mapped import Mapped, header
from fcnet.errors import DataError, ResourceError
from fcnet.system import files
from fcnet.system.text import listed

Progress = Callable[[str, int, int], None]  # (work, images done, images in all)

# Increase if decoding changes its results, or notes their format, so that older arrays are not read.
VERSION = 2

FOLDER = ".fcnet-cache"  # next to the folder of the images
_ARRAY = re.compile(r".+-[0-9]+x[0-9]+\S*-[0-9a-f]{8}-[0-9a-f]{24}\.npy")  # see ``_file_name``

CHUNK_BYTES = 1 << 20  # pixels decoded between two writes: 1,337 digits of 28x28, or one large image

# The system's errors that are the fault of the disk or of permissions, not of the place that was named.
_RESOURCES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Decoded:
    """All images of one split.

    Attributes:
        pixels: uint8 (N, H, W).
        notes: what is known about the files. Those that cannot be read are black in ``pixels``.
        white: the value that 16-bit images were scaled by; None if there are none.
        warning: why the array could not be read or kept on disk; empty if it was.
        mapped: the file of ``pixels``, if they stay in it.
    """

    pixels: NDArray[np.uint8]
    notes: Notes
    white: int | None = None
    warning: str = ""
    mapped: Mapped | None = None

    def remarks(self, listing: Listing) -> Iterator[str]:
        """Yield what should be reported about the files."""
        if self.warning:
            yield self.warning
        yield from listing.notes
        if self.notes.frames:
            several = [(listing.names[i], frames) for i, frames in self.notes.frames.items()]
            yield f"{listing.root}: {of_frames(several)}"
        if self.notes.bad:
            some = f"{len(self.notes.bad)} of {len(listing.names)} images"
            yield f"{listing.root}: {some} cannot be read and are skipped (data.on_bad: skip)"


@dataclass(frozen=True)
class _Work:
    """What to decode, where to keep it, and how; see ``load``."""

    listing: Listing
    form: Form
    path: Path
    progress: Progress
    skip: bool
    mapped: bool
    makes: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self.listing.names), *self.form.size)


def load(
    listing: Listing,
    form: Form,
    folder: Path | None,
    progress: Progress,
    skip: bool = False,
    mapped: bool = False,
    makes: bool = True,
) -> Decoded:
    """Return the images of a split, from the cache or else decoded and cached.

    Args:
        listing: the files.
        form: the form that they are converted to. If it does not say what is white in 16-bit images, all are read, and
            decoded again if their values turn out to be small.
        folder: folder of the cache; None for the one next to the images.
        progress: called after each chunk of decoding; what it raises ends the decoding.
        skip: skip bad images, as long as there are others.
        mapped: leave the pixels in the file of the cache.
        makes: create a missing cache even outside the working folder.

    Raises:
        DataError: naming each file that cannot be read (ten of them, and the total); pixels that should stay in a file
            cannot be written to one.
        ResourceError: the latter, if the disk has no room or refuses access.
    """
    folder = folder or listing.root.parent / FOLDER
    path = folder / _file_name(listing, form)
    found = _find(_Work(listing, form, path, progress, skip, mapped, makes))
    _check(listing, found.notes.bad, skip)
    if form.white is not None or found.notes.depth is None:
        return replace(found, white=form.white)
    white = found.notes.depth.white
    if white == FULL:
        return replace(found, white=white)
    if found.notes.depth.coloured:
        raise DataError(
            f"{listing.root}: the 16-bit images hold values only up to {found.notes.depth.peak}, and"
            f" {found.notes.depth.coloured} of them have colours, of which only the high bytes are read; save those"
            " with 8 bits"
        )
    return load(listing, replace(form, white=white), folder, progress, skip, mapped, makes)


def _find(work: _Work) -> Decoded:
    """Return the cached images, or else decode them."""
    found, _ = _load(work)
    if found is not None:
        return found
    if not (work.makes or _may_be_used(work.path.parent)):
        return _outside(work)
    try:
        files.check_lock(work.path.parent / ".lock")
        work.path.parent.mkdir(parents=True, exist_ok=True)
        held = acquire(work.path.parent / ".lock", work.progress)
    except (OSError, NotImplementedError) as error:  # the latter if the file system has no locks
        return _without_a_place(work, error)
    with held:
        # Another process may have decoded the same images while this one waited.
        found, damage = _load(work)
        if found is not None:
            return found
        new = _in_file(work) if work.mapped else _in_memory(work)
    return replace(new, warning=f"{damage}; {new.warning}" if damage and new.warning else damage or new.warning)


def _may_be_used(folder: Path) -> bool:
    """Return whether a folder is a cache already, or would be one below the working folder."""
    if folder.resolve().is_relative_to(Path.cwd()):
        return True
    return folder.is_dir() and (folder.name == FOLDER or any(_ARRAY.fullmatch(path.name) for path in folder.iterdir()))


def acquire(path: Path, progress: Progress) -> AbstractContextManager[object]:
    """Acquire a lock on a file, however long it takes; ``progress`` is called every second, and may raise to end it."""
    lock = FileLock(path)
    while True:
        try:
            return lock.acquire(timeout=1)
        except Timeout:
            progress(f"waiting for another fcnet at {path.parent}", 0, 1)


def _without_a_place(work: _Work, error: OSError | NotImplementedError) -> Decoded:
    """Decode images in memory, with a warning. Raises FcnetError if they should stay in their file."""
    if work.mapped:
        raise _no_file(work.path, error) from None
    pixels, notes = _decode(work)
    return Decoded(pixels, notes, warning=_no_cache(work.path, error))


def _outside(work: _Work) -> Decoded:
    """Decode images for a run whose config may not create the cache that it names; as ``_without_a_place``."""
    folder = work.path.parent
    fix = f"; to create it: mkdir {shlex.quote(str(folder))}" if folder.name == FOLDER else ""
    problem = f"{folder}: is not a cache of fcnet, and the config of a run creates none outside the working folder"
    if work.mapped:
        raise DataError(f"{problem}, but images are to be read from it as needed{fix}")
    pixels, notes = _decode(work)
    return Decoded(pixels, notes, warning=f"{problem}; images are decoded again each time{fix}")


def _no_cache(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or error
    return (
        f"{path.parent}: cannot be written ({reason}), so images are decoded again each time; set data.cache to another"
        " folder"
    )


def _no_file(path: Path, error: Exception) -> DataError | ResourceError:
    kind = ResourceError if getattr(error, "errno", None) in _RESOURCES else DataError
    reason = getattr(error, "strerror", None) or error
    return kind(
        f"{path.parent}: cannot be written ({reason}), but images are to be read from it as needed; set data.cache to a"
        " folder with enough space"
    )


def _check(listing: Listing, bad: dict[int, str], skip: bool) -> None:
    """Raise DataError for bad images, unless they are to be skipped and there are others."""
    if bad and not (skip and len(bad) < len(listing.names)):
        raise DataError(
            *listed(list(bad.values()), f"{listing.root}: {len(bad)} of {len(listing.names)} images cannot be read")
        )


def _file_name(listing: Listing, form: Form) -> str:
    """Return ``train-images-28x28-WHO-KEY.npy``: WHO is for the folder and its labels, KEY for the files' state."""
    who = hashlib.sha256(os.fsencode(f"{listing.root.absolute()}\n{listing.table and listing.table.absolute()}"))
    state = hashlib.sha256(f"{VERSION}\n".encode())
    state.update(os.fsencode("\0".join(listing.names)))
    state.update(listing.stats.astype("<i8").tobytes())
    name = listing.root.name[:40]  # file systems take 255 bytes, and a character may be four
    return f"{name}-{form}-{who.hexdigest()[:8]}-{state.hexdigest()[:24]}.npy"


def _load(work: _Work) -> tuple[Decoded | None, str]:
    """Return the cached images, and what is wrong with them; None and "" if there are none."""
    try:
        pixels, notes, file = arrays.read(work.path, work.shape, work.mapped)
    except OSError:
        return None, ""
    except ValueError:
        return None, f"{work.path}: it or its notes are damaged; the images are decoded again"
    return Decoded(pixels, notes, mapped=file), ""


def _decode(work: _Work) -> tuple[NDArray[np.uint8], Notes]:
    """Decode all images in memory. Raises DataError if there are bad images that should not be skipped."""
    notes = Notes(work.path.name)
    pixels = np.empty(work.shape, np.uint8)
    for start, chunk in _chunks(work, notes):
        pixels[start : start + len(chunk)] = chunk
    notes.sha256 = arrays.digest(pixels, None)
    return pixels, notes


def _chunks(work: _Work, notes: Notes) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first position and the pixels of a chunk at a time, in order; findings are noted, and judged last.

    Raises:
        DataError: there are bad images that should not be skipped, or images whose slant cannot be measured.
    """
    listing, form = work.listing, work.form
    total = len(listing.names)
    step = max(CHUNK_BYTES // math.prod(form.size), 1)
    unread: dict[int, str] = {}  # a fault of the disk: never skipped, because it may be temporary
    light = count = 0
    for start in range(0, total, step):
        names = listing.names[start : start + step]
        chunk = np.zeros((len(names), *form.size), np.uint8)
        for i, name in enumerate(names):
            try:
                picture = form.read(listing.root / name)
                chunk[i] = picture.pixels
                notes.see(start + i, picture)
            except UnreadError as error:
                unread[start + i] = error.problems[0]
            except DataError as error:
                notes.bad[start + i] = error.problems[0]
        if form.deskew:
            found = edges(chunk)
            light, count = light + found[0], count + found[1]
            chunk = deskewed(chunk)
        yield start, chunk
        work.progress(f"decoding {listing.root.name}", start + len(names), total)
    _check(listing, notes.bad | unread, work.skip and not unread)
    if light > LIGHT * 255 * count:
        raise DataError(
            f"{listing.root}: images have a light background (their edges are {light / count / 255:.2f} of white),"
            " but data.deskew weights light pixels; invert the images, or remove data.deskew"
        )


def _in_memory(work: _Work) -> Decoded:
    """Decode, and keep the result on disk; if that fails, a warning says so."""
    pixels, notes = _decode(work)
    try:
        with arrays.partial_file(work.path) as partial:
            arrays.write(partial, header(work.shape))
            arrays.write(partial, pixels.data)
            arrays.commit(partial, work.path, notes)
    except arrays.Unwritable as error:
        return Decoded(pixels, notes, warning=_no_cache(work.path, error.reason))
    return Decoded(pixels, notes)


def _in_file(work: _Work) -> Decoded:
    """Decode into the file in which the images stay."""
    notes, digest = Notes(work.path.name), hashlib.sha256()
    try:
        with arrays.partial_file(work.path) as partial:
            arrays.write(partial, header(work.shape))
            for _, chunk in _chunks(work, notes):
                digest.update(chunk.data)
                arrays.write(partial, chunk.data)
            notes.sha256 = digest.hexdigest()
            arrays.commit(partial, work.path, notes)
    except arrays.Unwritable as error:
        raise _no_file(work.path, error.reason) from None
    pixels, source = arrays.open_array(work.path, work.shape, mapped=True)
    return Decoded(pixels, notes, mapped=source)
