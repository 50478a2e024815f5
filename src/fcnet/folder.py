"""Image folders before a pixel is read: which files there are, in which order, with which labels.

Three layouts (docs/data.md):

- the course's: a folder of numbered images and a text file whose line i labels image i;
- class folders: one sub-folder per class, named after it;
- a CSV file with the columns ``filepath`` and ``label``.
"""

import csv
import os
import re
import stat
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet import entries
from fcnet.classes import class_names as class_names
from fcnet.classes import encode as encode
from fcnet.entries import stat_row, stat_table
from fcnet.errors import DataError, listed
from fcnet.images import SUFFIXES
from fcnet.labels import read_lines
from fcnet.listing import Listing as Listing
from fcnet.listing import Stats
from fcnet.listing import natural as natural


def scan(images: str | Path, labels: str | Path | None) -> Listing:
    """List one split. Raises DataError for what is missing or contradicts itself."""
    images, labels = Path(images), None if labels is None else Path(labels)
    if not images.is_dir():
        what = "is a file, not a folder" if images.exists() else "there is no such folder"
        raise DataError(f"{images}: {what}; looked in {Path.cwd()}; give the folder of the images")
    if labels is None:
        return _class_folders(images)
    if labels.suffix.lower() == ".csv":
        return _csv(images, labels)
    return _numbered(images, labels)


def _numbered(images: Path, labels: Path) -> Listing:
    """The course's layout. A number is compared as a number: 2.png comes before 10.png."""
    files, stats, ignored = entries.read(images)
    written = [line.strip() for line in read_lines(labels)]
    blank = [f"{labels}:{i}: blank line; write the label of the image" for i, line in enumerate(written, 1) if not line]
    if blank:
        raise DataError(*listed(blank, f"{labels}: blank lines"))
    if not files:
        raise DataError(f"{images}: holds no images ({', '.join(SUFFIXES)}); give the folder of the images")
    if len(files) != len(written):
        raise DataError(
            f"{images}: {len(files)} images, but {labels} has {len(written)} labels; line i has to label image i"
        )
    stems = [name[: name.rindex(".")] for name in files]
    if all(stem.isascii() and stem.isdecimal() and len(stem) < 19 for stem in stems):
        numbers = np.fromiter(map(int, stems), np.int64, len(stems))
        order = np.argsort(numbers, kind="stable")
        _refuse_gaps(images, numbers[order], [files[i] for i in order])
    else:
        order = np.array(sorted(range(len(files)), key=lambda i: natural(files[i])))
    # "07" and "+7" are the number 7.
    names_of = {label: str(int(label)) if re.fullmatch(r"[+-]?[0-9]{1,9}", label) else label for label in set(written)}
    return Listing(
        root=images,
        names=[files[i] for i in order.tolist()],
        labels=[names_of[label] for label in written],
        stats=stats[order],
        ignored=tuple(ignored),
        table=labels,
    )


def _refuse_gaps(images: Path, numbers: NDArray[np.int64], names: Sequence[str]) -> None:
    """Numbered images run from 0 or 1 without a gap, or line i would label another image than i."""
    expected = np.arange(len(numbers)) + min(numbers[0], 1)
    for i in np.flatnonzero(numbers != expected)[:1]:
        if numbers[i] < expected[i]:
            raise DataError(f"{images / names[i]}: a second image with the number {numbers[i]}; keep one")
        raise DataError(
            f"{images}: image {expected[i]} is missing ({names[i]} comes in its place), so that line i would label"
            " another image; restore it, or use a CSV of filepath,label"
        )


def _class_folders(images: Path) -> Listing:
    folders = sorted((e.name for e in os.scandir(images) if e.is_dir() and not e.name.startswith(".")), key=natural)
    loose, _, _ = entries.read(images)
    if not folders:
        fix = "give `labels` with them" if loose else "give the folder of the images"
        raise DataError(f"{images}: has no sub-folders, one per class; {fix}")
    if loose:
        raise DataError(
            f"{images}: {len(loose)} images lie beside the class folders, such as {min(loose, key=natural)}; "
            "move each into the folder of its class"
        )
    names: list[str] = []
    labels: list[str] = []
    stats: list[Stats] = []
    ignored: list[str] = []
    for folder in folders:
        files, found, others = entries.read(images / folder)
        order = sorted(range(len(files)), key=lambda i: natural(files[i]))
        names += [f"{folder}/{files[i]}" for i in order]
        labels += [folder] * len(order)
        stats.append(found[order])
        ignored += [f"{folder}/{name}" for name in others]
    if not names:
        raise DataError(f"{images}: its {len(folders)} folders hold no images ({', '.join(SUFFIXES)})")
    return Listing(
        root=images,
        names=names,
        labels=labels,
        stats=np.concatenate(stats),
        folders=tuple(folders),
        ignored=tuple(ignored),
    )


def _csv(images: Path, table: Path) -> Listing:
    """Rows of ``filepath,label``; paths are relative to ``images``."""
    names: list[str] = []
    labels: list[str] = []
    stats = array("q")
    rows: list[int] = []
    known: dict[str, str] = {}
    problems: list[str] = []
    reader = csv.reader(read_lines(table), strict=True)
    try:
        header = [word.strip().lower() for word in next(reader, [])]
        if "filepath" not in header or "label" not in header:
            raise DataError(f"{table}:1: the first line has to name the columns filepath and label; it is {header}")
        columns = header.index("filepath"), header.index("label")
        for row in reader:
            name, label = (row[column].strip() if column < len(row) else "" for column in columns)
            place = f"{table}:{reader.line_num}"
            if not name or not label:
                problems.append(f"{place}: filepath or label is empty; write both, or remove the line")
                continue
            if known.setdefault(name, label) != label:
                problems.append(f"{place}: {name}: is {label!r} here and {known[name]!r} above; keep one")
                continue
            try:
                found = (images / name).stat()
            except (OSError, ValueError):
                problems.append(f"{place}: {images / name}: there is no such file; mend the path")
                continue
            if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
                problems.append(f"{place}: {images / name}: is no file (a folder, a pipe or a device); mend the path")
                continue
            stats.extend(stat_row(found))
            names.append(name)
            labels.append(label)
            rows.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{table}:{reader.line_num}: not valid CSV ({error}); mend the line") from None
    if problems:
        raise DataError(*listed(problems, f"{table}: bad lines"))
    if not names:
        raise DataError(f"{table}: lists no images; write a line filepath,label for each")
    return Listing(images, names, labels, stat_table(stats), table=table, rows=rows)
