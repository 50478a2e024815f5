"""Images decoded once: a uint8 array on disk, found again by what the file system says of the files.

A file that was changed, added or removed changes the fingerprint (names, sizes, times), so that a stale array is never
read. An array lies beside its image folder in ``.fcnet-cache``, or where ``data.cache`` says, and beside it its notes
(``notes``); removing them costs nothing but the next decoding.
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
from fcnet.data.cache.notes import Notes
from fcnet.data.folder.layouts import Listing
from fcnet.data.images import decode
from fcnet.data.images.decode import LIGHT, Form, UnreadError, edges, of_frames
from fcnet.data.images.deskew import deskewed
from fcnet.data.images.grey import FULL
from fcnet.data.mapped import Mapped, header
from fcnet.errors import DataError, ResourceError
from fcnet.system import files
from fcnet.system.text import listed

Progress = Callable[[str, int, int], None]  # (what is done, how many are done, of how many)

# Raise when decoding changes its results, or notes their form, so that older arrays are not read.
VERSION = 2

FOLDER = ".fcnet-cache"  # beside the folder of the images
_ARRAY = re.compile(r".+-[0-9]+x[0-9]+\S*-[0-9a-f]{8}-[0-9a-f]{24}\.npy")  # see ``_file_name``

CHUNK_BYTES = 1 << 20  # pixels decoded between two writes: 1,337 digits of 28x28, or one large image

# What the system says where the fault is the disk's or its permissions', and not that of the place that was named.
_RESOURCES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Decoded:
    """All images of one split.

    Attributes:
        pixels: uint8 (N, H, W).
        notes: what is known of the files. Those that cannot be read are black in ``pixels``.
        white: the value that 16-bit images were scaled by; None where there are none.
        warning: why the array could not be read or kept on disk; empty where it was.
        mapped: the file of ``pixels``, where they stay in it.
    """

    pixels: NDArray[np.uint8]
    notes: Notes
    white: int | None = None
    warning: str = ""
    mapped: Mapped | None = None

    def remarks(self, listing: Listing) -> Iterator[str]:
        """What should be said of the files."""
        if self.warning:
            yield self.warning
        yield from listing.notes
        if self.notes.frames:
            told = [(listing.names[i], frames) for i, frames in self.notes.frames.items()]
            yield f"{listing.root}: {of_frames(told)}"
        if self.notes.bad:
            some = f"{len(self.notes.bad)} of {len(listing.names)} images"
            yield f"{listing.root}: {some} cannot be read and are left out (data.on_bad: skip)"


@dataclass(frozen=True)
class _Work:
    """What is to be decoded, where it is kept, and how: as for ``decode``."""

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
    """The images of a split, from the cache or else decoded and cached.

    Args:
        listing: the files.
        form: what they are brought to. Where it does not tell what is white in 16-bit images, they do: all are looked
            at, and decoded again where their values turn out to be small.
        folder: of the cache; None for the place beside the images.
        progress: told after each chunk of decoding; what it raises ends the decoding.
        skip: bad images are no error, as long as there are others.
        mapped: leave the pixels in the file of the cache.
        makes: make a cache where there is none, outside the working folder too.

    Raises:
        DataError: naming each file that cannot be read (ten shown, the total said); pixels that are to stay in a file
            cannot be written to one.
        ResourceError: the latter, where the disk has no room or refuses access.
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
            f"{listing.root}: the 16-bit images hold values up to {found.notes.depth.peak} alone, and"
            f" {found.notes.depth.coloured} of them have colours, of which only the high bytes are read: save those"
            " with 8 bits"
        )
    return load(listing, replace(form, white=white), folder, progress, skip, mapped, makes)


def _find(work: _Work) -> Decoded:
    """The cached images, or else decoded ones."""
    found, _ = _load(work)
    if found is not None:
        return found
    if not (work.makes or _may_be_used(work.path.parent)):
        return _outside(work)
    try:
        files.check_lock(work.path.parent / ".lock")
        work.path.parent.mkdir(parents=True, exist_ok=True)
        held = acquire(work.path.parent / ".lock", work.progress)
    except (OSError, NotImplementedError) as error:  # the latter where the file system has no locks
        return _without_a_place(work, error)
    with held:
        # Another process may have decoded the same images while this one waited.
        found, damage = _load(work)
        if found is not None:
            return found
        anew = _in_file(work) if work.mapped else _in_memory(work)
    return replace(anew, warning=f"{damage}; {anew.warning}" if damage and anew.warning else damage or anew.warning)


def _may_be_used(folder: Path) -> bool:
    """Whether a folder is a cache already, or would be one below the working folder."""
    if folder.resolve().is_relative_to(Path.cwd()):
        return True
    return folder.is_dir() and (folder.name == FOLDER or any(_ARRAY.fullmatch(path.name) for path in folder.iterdir()))


def acquire(path: Path, progress: Progress) -> AbstractContextManager[object]:
    """A lock on a file, however long it takes; ``progress`` is told every second, and may end it by raising."""
    lock = FileLock(path)
    while True:
        try:
            return lock.acquire(timeout=1)
        except Timeout:
            progress(f"waiting for another fcnet at {path.parent}", 0, 1)


def _without_a_place(work: _Work, error: OSError | NotImplementedError) -> Decoded:
    """Images decoded in memory, with a warning. Raises FcnetError where they were to stay in their file."""
    if work.mapped:
        raise _no_file(work.path, error) from None
    pixels, notes = _decode(work)
    return Decoded(pixels, notes, warning=_no_cache(work.path, error))


def _outside(work: _Work) -> Decoded:
    """Images decoded for a run whose config may not make the cache that it names; as for ``_without_a_place``."""
    folder = work.path.parent
    fix = f": mkdir {shlex.quote(str(folder))}" if folder.name == FOLDER else ""
    problem = f"{folder}: no cache of fcnet's is there, and the config of a run makes none outside the working folder"
    if work.mapped:
        raise DataError(f"{problem}, for images that are read from it as they are needed{fix}")
    pixels, notes = _decode(work)
    return Decoded(pixels, notes, warning=f"{problem}; images are decoded anew each time{fix}")


def _no_cache(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or error
    return (
        f"{path.parent}: cannot be written ({reason}); images are decoded anew each time: set data.cache to another"
        " folder"
    )


def _no_file(path: Path, error: Exception) -> DataError | ResourceError:
    kind = ResourceError if getattr(error, "errno", None) in _RESOURCES else DataError
    reason = getattr(error, "strerror", None) or error
    return kind(
        f"{path.parent}: cannot be written ({reason}); images that are read from there as they are needed: set"
        " data.cache to a folder with room for them"
    )


def _check(listing: Listing, bad: dict[int, str], skip: bool) -> None:
    """Raise DataError for bad images, where they are not to be skipped or there are no others."""
    if bad and not (skip and len(bad) < len(listing.names)):
        raise DataError(
            *listed(list(bad.values()), f"{listing.root}: {len(bad)} of {len(listing.names)} images cannot be read")
        )


def _file_name(listing: Listing, form: Form) -> str:
    """``train-images-28x28-WHO-KEY.npy``: WHO tells the folder and its labels, KEY the state of the files."""
    who = hashlib.sha256(os.fsencode(f"{listing.root.absolute()}\n{listing.table and listing.table.absolute()}"))
    state = hashlib.sha256(f"{VERSION}\n".encode())
    state.update(os.fsencode("\0".join(listing.names)))
    state.update(listing.stats.astype("<i8").tobytes())
    name = listing.root.name[:40]  # file systems take 255 bytes, and a character may be four
    return f"{name}-{form}-{who.hexdigest()[:8]}-{state.hexdigest()[:24]}.npy"


def _load(work: _Work) -> tuple[Decoded | None, str]:
    """The cached images, and what is wrong with them: both nothing where there are none."""
    try:
        pixels, notes, file = arrays.read(work.path, work.shape, work.mapped)
    except OSError:
        return None, ""
    except ValueError:
        return None, f"{work.path}: is damaged, or its notes are; the images are decoded anew"
    return Decoded(pixels, notes, mapped=file), ""


def _decode(work: _Work) -> tuple[NDArray[np.uint8], Notes]:
    """All images, in memory. Raises DataError where there are images that are not to be left out."""
    notes = Notes(work.path.name)
    pixels = np.empty(work.shape, np.uint8)
    for start, chunk in _chunks(work, notes):
        pixels[start : start + len(chunk)] = chunk
    notes.sha256 = arrays.digest(pixels, None)
    return pixels, notes


def _chunks(work: _Work, notes: Notes) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The first position and the pixels of a chunk at a time, in order; what is found is noted, and judged at the end.

    Raises:
        DataError: there are images that are not to be left out, or that have no slant to be told.
    """
    listing, form = work.listing, work.form
    total = len(listing.names)
    step = max(CHUNK_BYTES // math.prod(form.size), 1)
    unread: dict[int, str] = {}  # by the disk's fault: never skipped, for tomorrow they may be there
    light = count = 0
    for start in range(0, total, step):
        names = listing.names[start : start + step]
        chunk = np.zeros((len(names), *form.size), np.uint8)
        for i, name in enumerate(names):
            try:
                picture = decode.read(listing.root / name, form.size, FULL if form.white is None else form.white)
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
            " and data.deskew weighs light pixels; invert the images, or take data.deskew out"
        )


def _in_memory(work: _Work) -> Decoded:
    """Decode, and keep what was decoded; where the disk does not take it, a warning says so."""
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
    """Decode into the file that the images stay in."""
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
