"""Read the official files of a known data set, packed or not, from a folder or a zip archive, and check them."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data.imports import idx
from fcnet.data.imports.parts import MOST_BYTES, Tell, content
from fcnet.data.known.official import OFFICIAL, SIDE, File, Official, checksums, parts
from fcnet.data.writing import Images
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import counted

Loaded = dict[str, tuple[Images, NDArray[np.int64]]]  # split -> images (N, 28, 28), labels (N,) from 0


@dataclass(frozen=True)
class Place:
    """Where a file is.

    Attributes:
        where: its path, as messages give it.
        read: returns its bytes.
    """

    where: str
    read: Callable[[], bytes]


def find(source: str, folder: Path) -> dict[str, Place]:
    """Return the official files of a set that are in a folder or an archive, by their names without ``.gz``.

    Looks in the folder, in its ``gzip``, in torchvision's ``NAME/raw`` below it, and in the zip archive there.
    """
    official = OFFICIAL[source]
    wanted = [official.file(*part) for part in parts()] + ([official.mapping] if official.mapping else [])
    if files.look(folder) is not None and not files.is_folder(folder):
        return _in_archive(folder, wanted)
    found: dict[str, Place] = {}
    raw = folder / official.folder / "raw"
    for place in (folder, folder / "gzip", raw, raw / "gzip"):
        for name in wanted:
            path = next((p for p in (place / name, place / f"{name}.gz") if files.look(p) is not None), None)
            if path is not None:
                found.setdefault(name, Place(str(path), lambda path=path: content(path)))  # type: ignore[misc]
    archives = [place / official.archive for place in (folder, raw) if official.archive]
    for archive in (path for path in archives if files.look(path) is not None):
        if not are_whole(source, found):
            found = _in_archive(archive, wanted) | found
    return found


def are_whole(source: str, found: dict[str, Place]) -> bool:
    """Return whether all four files of a set are among those found."""
    return all(OFFICIAL[source].file(*part) in found for part in parts())


def missing(source: str, found: dict[str, Place]) -> list[str]:
    """Return the names of the files that were not found."""
    return [f"{name}.gz" for part in parts() if (name := OFFICIAL[source].file(*part)) not in found]


def _in_archive(archive: Path, wanted: list[str]) -> dict[str, Place]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {Path(one.filename).name.removesuffix(".gz"): one for one in opened.infolist()}
    except (zipfile.BadZipFile, NotImplementedError):
        raise DataError(f"{archive}: is no zip archive, or a cut off one; get it again") from None
    return {
        name: Place(f"{archive}/{members[name].filename}", lambda name=name: _member(archive, members[name]))  # type: ignore[misc]
        for name in wanted
        if name in members
    }


def _member(archive: Path, member: zipfile.ZipInfo) -> bytes:
    """Return a file in an archive. Raises DataError if it is damaged."""
    where = f"{archive}/{member.filename}"
    if member.file_size > MOST_BYTES:
        raise DataError(f"{where}: holds {member.file_size:,} bytes, more than any official file; get it again")
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{where}: cannot be unpacked ({error}); get the archive again") from None


def load(source: str, found: dict[str, Place], tell: Tell) -> Loaded:
    """Return both splits of a set: images upright, labels counted from 0.

    Args:
        source: the set.
        found: its four files.
        tell: called with what is unusual: files that are not the official ones.

    Raises:
        DataError: a file is damaged, is another official file, or does not fit the set or the other files.
    """
    official, known = OFFICIAL[source], checksums()
    mapping = found.get(official.mapping)
    if mapping is not None:
        _check_mapping(mapping.where, mapping.read(), official)
    loaded: Loaded = {}
    for split in SOURCE_SPLITS:
        places = {kind: found[official.file(split, kind)] for kind in ("images", "labels")}
        read = {kind: _read(File(source, split, kind), place, known, tell) for kind, place in places.items()}
        images, labels = read["images"], read["labels"]
        if len(images) != len(labels):
            raise DataError(
                f"{places['images'].where}: {split} has {counted(len(images), 'image')} and"
                f" {counted(len(labels), 'label')} ({places['labels'].where}); give files that belong together"
            )
        upright = images.transpose(0, 2, 1) if official.transposed else images
        loaded[split] = (upright, labels.astype(np.int64) - official.first)
    return loaded


def _read(file: File, place: Place, known: dict[str, File], tell: Tell) -> NDArray[np.uint8]:
    """Return the numbers of a file, checked. Raises DataError if they are not those of this file."""
    data = place.read()
    values = idx.numbers(place.where, data)
    _check_shape(file, place.where, values)
    given = known.get(_md5(data)) or known.get(_md5(_unpacked(values)))
    if given is not None and given != file:
        raise DataError(
            f"{place.where}: is the file of the {_words(given)}, not of the {_words(file)}; get the right one"
        )
    _check_count(file, place.where, values)
    _check_labels(file, place.where, values)
    official = {of: md5 for md5, of in known.items()}
    if given is None and (file in official or len(values) != OFFICIAL[file.source].count(file.split)):
        tell(
            f"{place.where}: is not the official file of the {_words(file)} (it holds {len(values):,} {file.kind}, the"
            f" official one {OFFICIAL[file.source].count(file.split):,}; MD5 {_md5(data)}); it is used as it is"
        )
    return values


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _unpacked(values: NDArray[np.uint8]) -> bytes:
    """Return the unpacked file that holds numbers."""
    sizes = b"".join(n.to_bytes(4, "big") for n in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def _words(file: File) -> str:
    split = "training" if file.split == SOURCE_SPLITS[0] else "test"
    return f"{split} {file.kind} of {file.source}"


def _check_shape(file: File, where: str, values: NDArray[np.uint8]) -> None:
    sizes = " x ".join(map(str, values.shape))
    if file.kind == "labels" and values.ndim != 1:
        raise DataError(f"{where}: holds images ({sizes}), not labels; give the file of the labels under this name")
    if file.kind == "images" and values.shape[1:] != (SIDE, SIDE):
        raise DataError(f"{where}: is {sizes}; images of {file.source} are N x {SIDE} x {SIDE}; get the right file")
    if values.size == 0:
        raise DataError(f"{where}: holds no {file.kind}; get it again")


def _check_count(file: File, where: str, values: NDArray[np.uint8]) -> None:
    """Raise DataError if a file has as many images as another official one, and not as many as this one."""
    n, own = len(values), OFFICIAL[file.source].count(file.split)
    others = [File(source, split, file.kind) for source in OFFICIAL for split in SOURCE_SPLITS]
    same = [one for one in others if OFFICIAL[one.source].count(one.split) == n]
    same.sort(key=lambda one: one.source != file.source)
    if n != own and same:
        raise DataError(
            f"{where}: holds {n:,} {file.kind}, as many as the {_words(same[0])}; the {_words(file)} are {own:,}; get"
            " the right file"
        )


def _check_labels(file: File, where: str, values: NDArray[np.uint8]) -> None:
    """Raise DataError if labels are not numbers of the classes of a set."""
    if file.kind != "labels":
        return
    low, high = OFFICIAL[file.source].first, OFFICIAL[file.source].first + len(OFFICIAL[file.source].classes) - 1
    wrong = np.flatnonzero((values < low) | (values > high))
    if len(wrong):
        raise DataError(
            f"{where}: label {int(values[wrong[0]])} of image {wrong[0]} is no class of {file.source}, which are {low}"
            f" to {high} ({len(wrong):,} such labels); get the right file"
        )


def _check_mapping(where: str, data: bytes, official: Official) -> None:
    """Raise DataError if a mapping (lines of a number and the codes of its characters) names other classes."""
    wanted = {str(i + official.first): name for i, name in enumerate(official.classes)}
    for number, line in enumerate(data.decode("ascii", "replace").splitlines(), 1):
        label, *codes = line.split() or [""]
        if label and (
            not codes or not codes[0].isdecimal() or wanted.pop(label, None) != chr(int(codes[0]) % 0x110000)
        ):
            raise DataError(f"{where}:{number}: {line!r} is not the official mapping; get the right file, or remove it")
    if wanted:
        raise DataError(f"{where}: lacks the classes {', '.join(wanted.values())}; get it again, or remove it")
