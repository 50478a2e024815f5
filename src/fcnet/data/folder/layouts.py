"""Image folders before a pixel is read: their files, in order, with labels.

Three layouts (docs/data.md), and a fourth without labels, which is for autoencoders:

- the course's: a folder of numbered images and a text file whose line i labels image i;
- class folders: one sub-folder per class, named after it;
- a table of file names and labels: a CSV file with the columns ``filepath`` and ``label``, or lines ``FILE LABEL``.
"""

import os
import stat
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.data.folder import class_folders, entries
from fcnet.data.folder.classes import choose_classes as choose_classes
from fcnet.data.folder.classes import class_names as class_names
from fcnet.data.folder.classes import encode as encode
from fcnet.data.folder.columns import Labels, holds_file_name, is_heading
from fcnet.data.folder.entries import Entries, counted, stat_table
from fcnet.data.folder.labels import TABLES
from fcnet.data.folder.labels import read as read_labels
from fcnet.data.folder.listing import Listing as Listing
from fcnet.data.folder.lookup import Lookup
from fcnet.data.images import forms
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import few, listed
from fcnet.system.text import natural as natural


def scan(images: str | Path, labels: str | Path | None, classes: Sequence[str] | None = None) -> Listing:
    """List one split. Raises DataError for what is missing or contradicts itself.

    ``classes`` are those that are listed: no note says that two of them differ only in case, which is meant.
    """
    images = Path(images)
    _check_folder(images)
    found = entries.read(images)
    listing = class_folders.scan(images, found) if labels is None else _labelled(images, found, Path(labels))
    notes = listing.notes + tuple(_notes(listing, classes or ()))
    return replace(listing, notes=notes)


def _check_folder(images: Path) -> None:
    """Raise DataError if there is no folder of images, naming what is there instead."""
    try:
        is_folder = stat.S_ISDIR(os.stat(images).st_mode)
    except PermissionError:
        raise
    except (OSError, ValueError):
        if (link := entries.dead_link(images)) is not None:
            raise DataError(link) from None
        raise DataError(
            f"{images}: there is no such folder; looked in {Path.cwd()}; give the folder of the images"
        ) from None
    if is_folder:
        return
    try:
        form = forms.tell(images)
    except files.NotReadable as error:
        raise DataError(f"{images}: {error}; give the folder of the images") from None
    if form is not None:
        raise DataError(f"{images}: is {form.what}, not a folder of images; {form.fix}")
    fix = "give the folder of the images"
    if images.suffix.lower() in TABLES:
        fix += ", and this file as `labels`"
    raise DataError(f"{images}: is a file, not a folder; {fix}")


def _notes(listing: Listing, listed: Sequence[str]) -> Iterable[str]:
    """Yield what the audit should report about a listing."""
    if listing.ignored:
        shown = few(sorted(listing.ignored), 3)
        are = "is" if len(listing.ignored) == 1 else "are"
        yield f"{listing.root}: {counted(listing.ignored)} {are} not read ({shown})"
    alike: dict[str, list[str]] = {}
    for label in sorted(set(listing.labels) - set(listed)):
        alike.setdefault(label.casefold(), []).append(label)
    for both in alike.values():
        if len(both) > 1:
            yield (
                f"{listing.table or listing.root}: {' and '.join(map(repr, both))} are different classes, although they"
                " differ only in upper and lower case"
            )


# --- labels in a file -----------------------------------------------------------------------------------------------


def _labelled(images: Path, found: Entries, table: Path) -> Listing:
    lookup = Lookup(images, found, table)
    read = read_labels(table, lookup.known)
    if read.names is None:
        return _by_position(images, found, table, read)
    return _by_name(images, found, table, read, lookup)


def _by_position(images: Path, found: Entries, table: Path, read: Labels) -> Listing:
    """List the course's layout. Numbers are compared as numbers: 2.png comes before 10.png."""
    entries.refuse_broken(found)
    if not found.names:
        raise DataError(class_folders.no_images(images, found))
    names, values, rows, notes = found.names, read.values, read.rows, read.notes
    if len(values) == len(names) + 1 and is_heading(values[0]):
        notes = (*notes, f"its first line, {values[0]!r}, is read as a heading")
        values, rows = values[1:], rows[1:]
    if values and all(map(holds_file_name, (values[0], values[-1]))):
        raise DataError(
            f"{table}:{rows[0]}: label {values[0]!r} contains the name of a file; write a line FILE LABEL for each, or"
            " only labels"
        )
    if len(names) != len(values):
        raise DataError(
            f"{images}: {len(names)} images, but {table} has {len(values)} labels; line i must label image i"
        )
    stems = [name[: name.rindex(".")] for name in names]
    if all(stem.isascii() and stem.isdecimal() and len(stem) < 19 for stem in stems):
        numbers = np.fromiter(map(int, stems), np.int64, len(stems))
        order = np.argsort(numbers, kind="stable")
        _refuse_gaps(images, numbers[order], [names[i] for i in order])
    else:
        order = np.array(sorted(range(len(names)), key=lambda i: natural(names[i])))
    return Listing(
        root=images,
        names=[names[i] for i in order.tolist()],
        labels=values,
        stats=found.stats[order],
        ignored=(*found.others, *(f"{name}/" for name in found.folders)),
        table=table,
        rows=None if rows[-1] == len(rows) else rows,
        notes=_joined(table, notes),
    )


def _refuse_gaps(images: Path, numbers: NDArray[np.int64], names: Sequence[str]) -> None:
    """Raise DataError unless images are numbered from 0 or 1 without a gap: else line i would not label image i."""
    expected = np.arange(len(numbers)) + min(numbers[0], 1)
    for i in np.flatnonzero(numbers != expected)[:1]:
        if numbers[i] < expected[i]:
            raise DataError(f"{images / names[i]}: a second image with the number {numbers[i]}; keep one")
        raise DataError(
            f"{images}: image {expected[i]} is missing ({names[i]} comes instead), so that line i would label another"
            " image; restore it, or use a CSV of filepath,label"
        )


def _by_name(images: Path, found: Entries, table: Path, read: Labels, lookup: Lookup) -> Listing:
    """List rows of a file and its label; paths are relative to ``images``."""
    assert read.names is not None
    names: list[str] = []
    stats = array("q")
    above: dict[str, str] = {}
    problems: list[str] = []
    doubled: list[str] = []
    for written, label, row in zip(read.names, read.values, read.rows, strict=True):
        try:
            name, state = lookup.find(written)
        except ValueError as error:
            problems.append(f"{table}:{row}: {images / written}: {error}")
            continue
        key = lookup.key(name)
        if key in above:
            doubled.append(written)
        if above.setdefault(key, label) != label:
            problems.append(f"{table}:{row}: {written}: is {label!r} here and {above[key]!r} above; keep one")
        names.append(name)
        stats.extend(state)
    if problems:
        raise DataError(*listed(problems, f"{table}: bad lines"))
    notes = [*read.notes, *(f"{n} names {way}" for way, n in lookup.ways.items())]
    if doubled:
        notes.append(f"{len(doubled)} rows repeat an image of a row above ({few(doubled, 3)}), which counts twice")
    missed = len(set(found.names) - above.keys()) if read.of_all else 0
    if missed:
        notes.append(f"{missed} of the {len(found.names)} images in {images} are not named, and not read")
    joined = _joined(table, notes)
    return Listing(images, names, read.values, stat_table(stats), table=table, rows=read.rows, notes=joined)


def _joined(table: Path, notes: Sequence[str]) -> tuple[str, ...]:
    return (f"{table}: {'; '.join(notes)}",) if notes else ()
