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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import DataError, few, listed
from fcnet.images import SUFFIXES

Stats = NDArray[np.int64]  # (N, 3): size in bytes, time of modification and of the last change of status in ns


@dataclass(frozen=True)
class Listing:
    """The images of one split, in order, not yet read.

    Attributes:
        root: the folder that ``names`` are relative to.
        names: one per image, such as ``17.png`` or ``7/a.png``.
        labels: the class of each image, by name.
        stats: what the file system says of each file; changes when the file does.
        folders: the class folders, of that layout alone; a folder may be empty.
        ignored: files in the folder that are no images by their name.
        table: the file of the labels, where there is one.
        rows: the line of each label there, where line i + 1 is not that of image i.
    """

    root: Path
    names: Sequence[str]
    labels: Sequence[str]
    stats: Stats
    folders: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()
    table: Path | None = None
    rows: Sequence[int] | None = None

    def place(self, i: int) -> str:
        """Where the label of image i is written, such as ``train-labels.txt:18``."""
        if self.table is None:
            return str(self.root / self.names[i])
        return f"{self.table}:{i + 1 if self.rows is None else self.rows[i]}"


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


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key in which ``img2`` comes before ``img10``."""
    parts = re.split(r"([0-9]{1,18})", name)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]


def class_names(listing: Listing) -> tuple[str, ...]:
    """The classes that a training split has, in the order of the net's outputs.

    Class folders are classes even when empty. Whole numbers have to run from 0 without a gap, so that one mistyped
    label does not become a class of its own; names are sorted.

    Raises:
        DataError: for labels that are partly numbers and partly not, numbers with gaps, or fewer than two classes.
    """
    if listing.folders is not None:
        names = listing.folders
    else:
        first = {label: i for i, label in reversed(list(enumerate(listing.labels)))}  # label -> where it is first seen
        numbers = [label for label in first if re.fullmatch(r"[0-9]{1,9}", label)]
        words = [label for label in first if label not in set(numbers)]
        if numbers and words:
            odd = min(words, numbers, key=lambda kind: sum(listing.labels.count(label) for label in kind))
            raise DataError(*listed([_no_class(listing, first[label]) for label in odd], "labels that are no class"))
        if numbers:
            expected = {str(i) for i in range(len(numbers))}
            beyond = sorted(set(numbers) - expected, key=int)
            if beyond:
                missing = min(expected - set(numbers), key=int)
                raise DataError(
                    f"{listing.place(first[beyond[0]])}: label {beyond[0]!r} is no class: classes run from 0 without a"
                    f" gap and none is {missing}; mend the label, or list the names in data.classes"
                )
        names = tuple(sorted(first, key=natural))
    if len(names) < 2:
        raise DataError(f"{listing.root}: has one class, {names[0]!r}; a classifier needs two or more")
    return names


def encode(listing: Listing, classes: Sequence[str]) -> NDArray[np.int64]:
    """Labels (N,) as positions in ``classes``. Raises DataError naming each label that is none of them."""
    index = {name: i for i, name in enumerate(classes)}
    known = few(classes, 20)
    codes = [index.get(label, -1) for label in listing.labels]
    problems = [
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class; the classes are {known}"
        for i, code in enumerate(codes)
        if code < 0
    ]
    unknown = [name for name in listing.folders or () if name not in index]
    problems += [
        f"{listing.root / name}: the folder {name!r} is no class; the classes are {known}"
        for name in unknown
        if name not in listing.labels
    ]
    if problems:
        raise DataError(*listed(problems, f"{listing.root}: labels that are no class"))
    return np.asarray(codes, np.int64)


def _no_class(listing: Listing, i: int) -> str:
    return (
        f"{listing.place(i)}: label {listing.labels[i]!r} is no class: the other labels are of another kind (numbers or"
        " words); mend it, or list the names in data.classes"
    )


def _files(folder: Path) -> tuple[list[str], Stats, list[str]]:
    """Image files of a folder with their stats, and the names of all else that is not hidden."""
    names, ignored = [], []
    stats = array("q")
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if name.lower().endswith(SUFFIXES) and entry.is_file():
                names.append(name)
                stats.extend(_stat(entry.stat()))
            else:
                ignored.append(name)
    return names, _table(stats), ignored


def _stat(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _table(stats: "array[int]") -> Stats:
    return np.array(stats, np.int64).reshape(-1, 3)


def _lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file without their ends, nor blank ones at its end. Raises DataError."""
    if not path.is_file():
        what = "is no file" if path.exists() else "there is no such file"
        raise DataError(f"{path}: {what}; looked in {Path.cwd()}; give the file of the labels")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _numbered(images: Path, labels: Path) -> Listing:
    """The course's layout. A number is compared as a number: 2.png comes before 10.png."""
    files, stats, ignored = _files(images)
    written = [line.strip() for line in _lines(labels)]
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
    loose, _, _ = _files(images)
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
        files, found, others = _files(images / folder)
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
    reader = csv.reader(_lines(table), strict=True)
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
            stats.extend(_stat(found))
            names.append(name)
            labels.append(label)
            rows.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{table}:{reader.line_num}: not valid CSV ({error}); mend the line") from None
    if problems:
        raise DataError(*listed(problems, f"{table}: bad lines"))
    if not names:
        raise DataError(f"{table}: lists no images; write a line filepath,label for each")
    return Listing(images, names, labels, _table(stats), table=table, rows=rows)
